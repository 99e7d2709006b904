/**
 * The reader's own turn at Shift, Ignore and Mask: the task, the cells to fill in or to choose,
 * and the first answer that is wrong. Takes lines of cells; the grid and the buttons around it
 * are the explorer's.
 */

import { plain, visible } from "./lines.js";
import { WHY } from "./sentences.js";

/**
 * @typedef {import("./lines.js").Cell} Cell
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./explorer.js").View} View
 */

/** @type {Record<string, string>} */
export const TASKS = {
  shift: "Write under each input the id that the model must say next, then check.",
  ignore: "Choose the targets that no one should be graded on, then check.",
  mask: "Choose the targets that are ignored with this mask, then check.",
};

/** @param {string} step @param {Cell} cell @param {string} at */
export function hintFor(step, cell, at) {
  const [row, , column] = at.split(":");
  const where = `Row ${row}, column ${column}`;
  if (step === "shift") return `${where}: which token comes next in this row?`;
  if (cell.why !== null) return `${where} is ignored, because ${WHY[cell.why]}.`;
  if (cell.role === "end") return `${where} is the end token that was appended: it is graded, so that the model learns to stop.`;
  if (cell.role === "header") return `${where} is graded: it belongs to the response header, and this mask keeps it.`;
  return `${where} is graded: it belongs to ${["response", "suffix"].includes(cell.role) ? "the response" : "the prompt, which is not masked here"}.`;
}

/** @param {Cell} cell @param {Line} line @param {View} view */
export function answerOf(cell, line, view) {
  const at = `${line.row}:targets:${cell.position}`;
  const answer = view.turn?.answers.get(at) ?? "";
  if (view.step === "shift") {
    return (
      `<input class="be-answer" data-answer="${at}" inputmode="numeric" size="5" value="${escape(answer)}" ` +
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
