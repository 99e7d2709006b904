/**
 * Drawing: what is on the page follows from the explorer's state, view and frames. Nothing here
 * changes any of them.
 */

import { columnsOf, reach } from "./columns.js";
import { STEPS, TITLES, isBefore, linesOf } from "./lines.js";
import { gridsOf, markOf, scaleOf, spokenAt, svgOf, wordsOf } from "./map.js";
import { NAMES, choicesOf, entryOf } from "./parts.js";
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
  drawFields(own);
  const lines = linesOf(frames, step);
  $("grid").dataset.step = step;
  $("said").textContent = view.turn ? TASKS[step] : sentenceOf(frames, own.state, step, constants);
  $("explained").innerHTML = own.explained[STEPS.indexOf(step)] ?? "";
  const marked = view.turn?.wrong ? new Map([[view.turn.wrong, "wrong"]]) : differences(own);
  if (view.turn?.wrong) reach(view, Number(view.turn.wrong.split(":")[2]));
  // What a fault supervises may stand in a prompt, which else is folded.
  const added = constants.added?.[own.state.fault ?? ""] ? [...marked.keys()].map((at) => Number(at.split(":")[2])) : [];
  own.columns = columnsOf(lines, view, own.measure, added);
  const byRow = frames.rows.map((_, number) => lines.filter((line) => line.row === number));
  drawTables(
    own,
    step === "format"
      ? frames.rows.map((row, number) => textTable(row, number, constants))
      : byRow.filter((lines) => lines.length).map((lines) => tableOf(lines, own.columns, view, constants, marked)),
  );
  drawMap(own, lines, view.turn ? new Map() : marked);
  const changed = lines.flatMap((line) => line.cells).filter((cell) => cell.changed).length;
  $("changed").textContent = changed && !view.turn ? `This step changed ${changed} cells; those that are shown one by one are outlined.` : "";
  const isFolded = own.columns.some(({ kind }) => kind === "fold");
  $("legend").innerHTML = legendOf(frames, lines, constants, isFolded, Boolean(own.state.fault && marked.size));
  drawFindings(own);
  drawTurn(own);
  drawDetail(own);
  $("tally").innerHTML = view.turn ? "" : tallyOf(frames, step); // which would count the answers
  requestAnimationFrame(() => drawWindow(own)); // it asks how wide the cells came out
  announce(own);
}

// The map ---------------------------------------------------------------------------------

/**
 * Draw the whole tensor to scale; while the reader fills it in, without the answers.
 *
 * @param {Explored} own
 * @param {Line[]} lines
 * @param {Map<string, string>} marked
 */
function drawMap(own, lines, marked) {
  const { $, view, constants } = own;
  const grids = gridsOf(lines, view.step, marked).filter(({ name, width }) => width && !(view.turn && name === "targets"));
  own.grids = grids;
  $("places").hidden = !grids.length;
  if (!grids.length) return;
  const picture = svgOf(grids, own.room);
  if (picture !== own.picture) $("picture").innerHTML = picture;
  own.picture = picture;
  $("words").textContent = grids.map((grid) => `${grid.label}; ${grid.rows.map((row) => wordsOf(row, constants.roles)).join("; ")}.`).join(" ");
}

/**
 * Say where the map stands: at the chosen cell, or where the cells below were opened.
 *
 * @param {Explored} own
 */
export function placeOf({ view, grids }) {
  const { row, name, position } = view.cell ?? { ...view.at, name: "", position: view.at.column };
  const found = grids.findIndex((grid) => grid.name === name);
  const grid = Math.max(found, 0);
  const line = Math.max(grids[grid].rows.findIndex((own) => own.row === row), 0);
  return { grid, line, column: Math.min(position, grids[grid].width - 1) };
}

/** Mark the place on the map, and name it. @param {Explored} own */
export function drawPlace(own) {
  const { $, grids, constants } = own;
  if (!grids.length) return;
  const place = placeOf(own);
  const map = $("map");
  const most = Math.max(...grids.map(({ width }) => width)) - 1;
  const spoken = spokenAt(grids[place.grid], place.line, place.column, constants.roles);
  for (const [name, value] of [["max", most], ["now", place.column], ["text", spoken]]) map.setAttribute(`aria-value${name}`, String(value));
  const box = /** @type {HTMLInputElement} */ ($("column"));
  box.max = String(most);
  if (box !== document.activeElement) box.value = String(place.column);
  const { across, here } = markOf(grids, scaleOf(most + 1, own.room), place);
  put($("band"), across);
  put($("here"), here);
}

/** @param {HTMLElement} mark @param {number[]} box */
function put(mark, [left, top, width, height]) {
  Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}

/** Frame on the map the columns that the cells below have room for. @param {Explored} own */
export function drawWindow({ $, grids, columns, room }) {
  const frame = $("window");
  const grid = /** @type {HTMLElement} */ ($("grid").parentElement);
  frame.hidden = true;
  const heads = [...$("grid").querySelectorAll("thead th")].slice(1, columns.length + 1);
  if (!grids.length || !heads.length) return;
  const most = Math.max(...grids.map(({ width }) => width));
  const left = grid.getBoundingClientRect().left + (heads[0].previousElementSibling?.clientWidth ?? 0);
  const right = grid.getBoundingClientRect().right;
  const seen = columns.filter((column, i) => {
    const box = heads[i]?.getBoundingClientRect();
    return box && column.kind !== "more" && box.right > left + 4 && box.left < right - 4;
  });
  const [first, last] = [seen[0]?.start ?? 0, Math.min(seen.at(-1)?.stop ?? most, most)];
  if (first === 0 && last === most) return;
  const scale = scaleOf(most, room);
  const [from] = markOf(grids, scale, { grid: 0, line: 0, column: first }).across;
  const [to, top, width, height] = markOf(grids, scale, { grid: 0, line: 0, column: last - 1 }).across;
  frame.hidden = false;
  put(frame, [from - 1, top - 1, to + width - from + 2, height + 2]);
}

/** @type {Record<string, string[]>} the steps at which a setting stands open */
const AT_STEPS = {
  style: ["format"],
  max: ["pad"],
  truncation: ["pad"],
  mask: ["mask"],
  show: ["tokenize"],
  fault: ["shift", "ignore", "mask"],
};

/** Show the settings of the step, and the others where they were asked for. @param {Explored} own */
export function drawFields({ view, state, $ }) {
  for (const [part, steps] of Object.entries(AT_STEPS)) {
    const isBroken = part === "fault" && Boolean(state.fault); // what is broken can be mended anywhere
    /** @type {HTMLElement} */ ($(part).parentElement).hidden = !view.settings && !isBroken && !steps.includes(view.step);
  }
  $("settings").setAttribute("aria-expanded", String(view.settings));
}

// -----------------------------------------------------------------------------------------

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
export function drawDetail(own) {
  const { view, frames, constants, columns, $ } = own;
  const grid = $("grid");
  grid.querySelectorAll(`.${LIT.join(",.")}`).forEach((td) => td.classList.remove(...LIT));
  drawPlace(own);
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
  const number = columns.findIndex(({ start, stop }) => start <= position && position < stop);
  if (!columns[number]?.kind) return;
  const rows = [...grid.querySelectorAll(`table[aria-label="row ${row}"] tbody tr:not(:has(.be-bracket))`)];
  rows[lines.findIndex((line) => line.name === name)]?.children[number + 1]?.classList.add("be-here");
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
  $("entries").innerHTML = state.entries.map((entry, i) => entryOf(entry, i, prefix, state.entries.length, constants)).join("");
  $("add").toggleAttribute("disabled", state.entries.length >= constants.most_entries);
}

/** Name what there is to choose, and what from, where that has changed. @param {Explored} own */
function drawChoices(own) {
  const { $, constants, style } = own;
  if (own.offered === constants) return;
  own.offered = constants;
  for (const [part, options] of Object.entries(choicesOf(constants))) $(part).innerHTML = options;
  if (typeof style === "object" && style && !constants.kind) /** @type {HTMLSelectElement} */ ($("style")).add(new Option(String(style.name), "own"));
  const { style: writing, mask, all, add } = constants.kind?.names ?? NAMES;
  for (const [part, text] of [["style", writing], ["mask", mask]]) {
    /** @type {HTMLElement} */ ($(part).previousElementSibling).textContent = text;
  }
  [$("all").textContent, $("add").textContent] = [all, add];
}

/** @param {Explored} own */
export function drawOptions(own) {
  const { state, view, constants, $ } = own;
  drawChoices(own);
  const values = {
    style: typeof state.style === "string" ? state.style : "own",
    mask: state.mask ?? constants.defaults.mask,
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
