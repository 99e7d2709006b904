/**
 * The reader's own turn at Shift, Ignore and Mask: the task, the cells to fill in or to choose,
 * and the first answer that is wrong. Takes lines of cells; the grid and the buttons around it
 * are the explorer's.
 */

import { STEPS, TITLES, escape, linesOf, plain, runsOf, visible } from "./lines.js";
import { wordsFor } from "./sentences.js";

/**
 * @typedef {import("./lines.js").Cell} Cell
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./explorer.js").View} View
 * @typedef {import("./explorer.js").Constants} Constants
 */

/** @type {Record<string, string>} */
export const TASKS = {
  shift: "Write under each input the id that the model must say next, then check.",
  ignore: "Choose the targets that no one should be graded on, then check.",
  mask: "Choose the targets that are ignored with this mask, then check.",
};

/** @param {string} step @param {Cell} cell @param {string} at @param {Constants} [constants] */
export function hintFor(step, cell, at, constants) {
  const [row, , column] = at.split(":");
  const where = `Row ${row}, column ${column}`;
  if (step === "shift") return `${where}: which token comes next in this row?`;
  if (cell.why !== null) return `${where} should be ignored, because ${wordsFor("why", constants)[cell.why]}.`;
  if (constants?.kind) return constants.kind.hintOf(cell, where);
  if (cell.role === "end") return `${where} is the end token that was appended: it should be graded, so that the model learns to stop.`;
  if (cell.role === "header") return `${where} should be graded: it belongs to the response header, and this mask keeps it.`;
  return `${where} should be graded: it belongs to ${["response", "suffix"].includes(cell.role) ? "the response" : "the prompt, which is not masked here"}.`;
}

/**
 * Give the first target that is answered wrongly, if one is, and how many there are.
 *
 * @param {import("./frames.js").Frames} frames
 * @param {string} step
 * @param {Map<string, string>} answers
 */
export function firstWrong(frames, step, answers) {
  const targets = linesOf(frames, step).filter((line) => line.name === "targets");
  const all = targets.flatMap((line) => line.cells.map((cell) => ({ cell, at: `${line.row}:targets:${cell.position}` })));
  /** @type {(own: {cell: Cell, at: string}) => boolean} */
  const isRight = ({ cell, at }) => {
    const answer = answers.get(at) ?? "";
    if (step === "shift") return [String(cell.id), ...(["end", "pad"].includes(cell.role) ? [cell.role] : [])].includes(answer);
    return (answer === "ignored") === (cell.why !== null);
  };
  return { wrong: all.find((own) => !isRight(own)) ?? null, count: all.length };
}

/**
 * Name the fold that hides a cell, if one does.
 *
 * @param {import("./frames.js").Frames} frames
 * @param {string} step
 * @param {string} at
 */
export function foldAt(frames, step, at) {
  const [row, , position] = at.split(":").map(Number);
  const run = runsOf(linesOf(frames, step), step).find(({ start, stop }) => start <= position && position < stop);
  return run?.isFold ? `${row}:${run.start}` : "";
}

/**
 * Say how an attempt went.
 *
 * @param {string} step
 * @param {{cell: Cell, at: string} | null} wrong
 * @param {number} count
 * @param {number} checks
 * @param {Constants} [constants]
 */
export function outcomeOf(step, wrong, count, checks, constants) {
  if (wrong) return `Not yet. ${hintFor(step, wrong.cell, wrong.at, constants)}`;
  return `Right: ${TITLES[STEPS.indexOf(step)]}, ${count} targets, ${checks} ${checks === 1 ? "check" : "checks"}.`;
}

/** @param {Cell} cell @param {Line} line @param {View} view */
export function answerOf(cell, line, view) {
  const at = `${line.row}:targets:${cell.position}`;
  const answer = view.turn?.answers.get(at) ?? "";
  if (view.step === "shift") {
    return (
      `<input class="be-answer" data-answer="${at}" inputmode="numeric" size="5" maxlength="16" value="${escape(answer)}" ` +
      `aria-label="target of row ${line.row}, column ${cell.position}">`
    );
  }
  // At Ignore end token and pad have one id: only their places tell them apart.
  return buttonOf([cell], line, view, view.step === "ignore" ? String(cell.id) : visible(plain(cell)));
}

/**
 * Give one button for several targets side by side, which ignores them all or none.
 *
 * @param {Cell[]} cells
 * @param {Line} line
 * @param {View} view
 * @param {string} shown
 */
export function buttonOf(cells, line, view, shown) {
  const isIgnored = cells.every(({ position }) => view.turn?.answers.get(`${line.row}:targets:${position}`) === "ignored");
  return (
    `<button type="button" class="be-answer" data-answer="${line.row}:targets:${cells[0].position}" ` +
    `data-count="${cells.length}" aria-pressed="${isIgnored}">${shown}<span class="bt-spoken">, ignore</span></button>`
  );
}
