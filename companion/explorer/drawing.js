/**
 * Drawing: what is on the page follows from the explorer's state, view and frames. Nothing here
 * changes any of them.
 */

import { STEPS, TITLES, isBefore, linesOf } from "./lines.js";
import { entryOf } from "./parts.js";
import { detailOf, judgedOf, sentenceOf, tallyOf } from "./sentences.js";
import { legendOf, tableOf, textTable, write } from "./table.js";
import { TASKS } from "./turn.js";

/**
 * @typedef {import("./explorer.js").Explored} Explored
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./table.js").Table} Table
 */

const MOST_ASKED = 60; // targets that a reader is asked to fill in

/**
 * Draw everything that the chosen step shows.
 *
 * @param {Explored} own
 */
export function draw(own) {
  const { frames, view, constants, $ } = own;
  if (!frames) return;
  const { step } = view;
  drawTabs(own);
  const lines = linesOf(frames, step);
  $("grid").dataset.step = step;
  $("said").textContent = view.turn ? TASKS[step] : sentenceOf(frames, own.state, step);
  const marked = view.turn?.wrong ? new Map([[view.turn.wrong, "wrong"]]) : differences(own);
  const byRow = frames.rows.map((_, number) => lines.filter((line) => line.row === number));
  drawTables(
    own,
    step === "format"
      ? frames.rows.map((row, number) => textTable(row, number, constants))
      : byRow.filter((lines) => lines.length).map((lines) => tableOf(lines, view, constants, marked)),
  );
  const changed = lines.flatMap((line) => line.cells).filter((cell) => cell.changed).length;
  $("changed").textContent = changed && !view.turn ? `This step changed ${changed} cells; those that are not folded away are outlined.` : "";
  const isFolded = Boolean($("grid").querySelector(".bt-fold"));
  $("legend").innerHTML = legendOf(frames, lines, constants, isFolded, Boolean(own.state.fault && marked.size));
  drawFindings(own);
  drawTurn(own);
  drawDetail(own);
  $("tally").innerHTML = view.turn ? "" : tallyOf(frames, step); // which would count the answers
  announce(own);
}

/** @param {Explored} own */
function drawTabs({ tabs, view, $ }) {
  tabs.forEach((tab, i) => {
    const isChosen = STEPS[i] === view.step;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    if (isChosen) $("panel").setAttribute("aria-labelledby", tab.id);
  });
}

/** Tell a screen reader what there is to see, once it stands still. @param {Explored} own */
function announce(own) {
  const { view, $ } = own;
  clearTimeout(own.announcing);
  own.announcing = window.setTimeout(() => {
    $("live").textContent = `${TITLES[STEPS.indexOf(view.step)]}. ${$("said").textContent} ${$("tally").textContent} ${$("findings").textContent}`;
  }, 600);
}

/** @param {Explored} own @param {Table[]} tables */
function drawTables({ $, drawnTables }, tables) {
  const grid = $("grid");
  while (grid.children.length > tables.length) {
    grid.lastElementChild?.remove();
    drawnTables.pop();
  }
  tables.forEach((table, i) => {
    if (!grid.children[i]) grid.append(Object.assign(document.createElement("div"), { className: "be-entry" }));
    write(grid.children[i], table, drawnTables[i]);
    drawnTables[i] = table;
  });
  const first = grid.querySelector("td[data-at]");
  if (first && !grid.querySelector('td[tabindex="0"]')) /** @type {HTMLElement} */ (first).tabIndex = 0;
}

/** Give the targets that a fault has changed. @param {Explored} own */
function differences({ state, view, frames, healthy, constants }) {
  const marks = new Map();
  if (!state.fault || !healthy || !frames || isBefore(view.step, constants.faults[state.fault])) return marks;
  const right = linesOf(healthy, view.step);
  for (const line of linesOf(frames, view.step)) {
    const twin = right.find((other) => other.row === line.row && other.name === line.name);
    line.cells.forEach((cell, i) => {
      if (twin?.cells[i]?.value !== cell.value) marks.set(`${line.row}:${line.name}:${cell.position}`, "changed by the fault");
    });
  }
  return marks;
}

/** @param {Explored} own */
function drawFindings({ state, view, frames, healthy, constants, $ }) {
  $("findings").innerHTML = frames ? judgedOf(state, frames, healthy, constants, view.step) : "";
  $("mend").hidden = !state.fault;
}

/** Say what the chosen cell is, and light those that belong to it. @param {Explored} own */
export function drawDetail({ view, frames, constants, $ }) {
  const grid = $("grid");
  grid.querySelectorAll(`.${LIT.join(",.")}`).forEach((td) => td.classList.remove(...LIT));
  if (!view.cell || !frames || view.turn) {
    const isGrid = view.step !== "format" && !view.turn;
    $("detail").textContent = isGrid ? "Choose a cell to read what it is, or what the model is asked there." : "";
    return;
  }
  const { row, name, position } = view.cell;
  const lines = linesOf(frames, view.step).filter((line) => line.row === row);
  $("detail").innerHTML = detailOf(lines, name, position, constants);
  for (const td of /** @type {NodeListOf<HTMLElement>} */ (grid.querySelectorAll(`td[data-at^="${row}:"]`))) {
    const [, other, at] = (td.dataset.at ?? "").split(":");
    const light = lightOf(lines, view.cell, { name: other, position: Number(at) });
    if (light) td.classList.add(light);
  }
}

/** @param {Explored} own */
function drawTurn({ state, view, frames, $ }) {
  const canTry = STEPS.indexOf(view.step) > 2 && frames?.batch && !state.fault;
  $("turn").hidden = !canTry || Boolean(view.turn);
  $("trying").hidden = !view.turn;
  // Two hundred ids are not a task for a hand: then the toy batch is.
  const isLong = view.step === "shift" && (frames?.tally?.targets ?? 0) > MOST_ASKED;
  if (isLong) $("turn").hidden = true;
  $("outcome").textContent = view.turn?.said ?? (canTry && isLong ? "To shift by hand, choose the sample Toy batch." : "");
  const isRight = Boolean(view.turn?.checks) && view.turn?.wrong === null;
  $("check").toggleAttribute("disabled", isRight);
  $("reveal").textContent = isRight ? "Back to the batch" : "Show me";
  $("refold").hidden = view.open.size === 0 || view.step === "format";
}

/** @param {Explored} own */
export function drawEntries({ state, prefix, constants, $ }) {
  $("entries").innerHTML = state.entries.map((entry, i) => entryOf(entry, i, prefix, state.entries.length)).join("");
  $("add").toggleAttribute("disabled", state.entries.length >= constants.most_entries);
}

/** @param {Explored} own */
export function drawOptions({ state, view, $ }) {
  const values = {
    style: typeof state.style === "string" ? state.style : "own",
    mask: state.mask ?? "none",
    max: state.max_length === null || state.max_length === undefined ? "" : String(state.max_length),
    truncation: state.truncation ?? "cut",
    fault: state.fault ?? "",
    show: view.show,
    sample: "", // so that each can be chosen again
  };
  for (const [part, value] of Object.entries(values)) /** @type {HTMLSelectElement} */ ($(part)).value = value;
}

const LIT = ["be-here", "be-same", "be-after"];

/**
 * Say how a cell is lit while another is looked at: the question and its answer, the same token
 * in another line, and what the model does not see at that question.
 *
 * @param {Line[]} lines of the row
 * @param {{name: string, position: number}} chosen
 * @param {{name: string, position: number}} other
 */
export function lightOf(lines, chosen, other) {
  /** @type {(cell: {name: string, position: number}) => number} */
  const columnOf = ({ name, position }) => position + (lines.find((line) => line.name === name)?.start ?? 0);
  const isPair = chosen.name !== "block" && other.name !== "block";
  if (chosen.name === other.name ? chosen.position === other.position : isPair && chosen.position === other.position) return "be-here";
  if (columnOf(chosen) === columnOf(other)) return "be-same";
  if (isPair && chosen.name && other.name === "inputs" && other.position > chosen.position) return "be-after";
  return "";
}
