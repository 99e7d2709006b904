/**
 * Changing: the ways in which an explorer comes to another state, view or frames. A state passes
 * `readState` before it is drawn, told to the host, or copied.
 */

import { reach, responseOf } from "./columns.js";
import { draw, drawDetail, drawEntries, drawOptions } from "./drawing.js";
import { refusalOf } from "./frames.js";
import { linesOf } from "./lines.js";

/**
 * @typedef {import("./explorer.js").Explored} Explored
 * @typedef {import("./frames.js").State} State
 */

/** Have the frames made of the state, and draw them. @param {Explored} own */
export function recompute(own) {
  const { state, host } = own;
  const why = refusalOf(state, own.constants);
  if (why) return complain(own, `${why[0].toUpperCase()}${why.slice(1)}. What is drawn is the batch before that.`);
  const complaint = (/** @type {string} */ message) => complain(own, message);
  const isCurrent = () => own.state === state; // else a newer state is on its way
  // What a fault changes is told by two; they come in order, and are drawn once.
  if (state.fault) host.frames({ ...state, fault: null }, (made) => void (isCurrent() && (own.healthy = made)), complaint);
  host.frames(
    state,
    (made) => {
      if (!isCurrent()) return;
      own.frames = made;
      if (!state.fault) own.healthy = made;
      complain(own, "");
      show(own);
    },
    complaint,
  );
}

/**
 * Change a part of the state, as the reader asked; the host hears only of what is a state.
 *
 * @param {Explored} own
 * @param {Partial<State>} part
 */
export function change(own, part) {
  tell(own, "");
  const entries = part.entries ?? own.state.entries;
  const others = entries.filter((entry, i) => entry !== own.state.entries[i]).length;
  if (others > 1 || part.style) own.isNew = true;
  own.state = { ...own.state, ...part };
  own.view = { ...own.view, turn: null, cell: null };
  if (!entries[own.view.at.row]) own.view.at = { row: 0, column: 0 };
  if (!refusalOf(own.state, own.constants)) own.host.changed?.(own.state);
  recompute(own);
}

/**
 * Begin anew with another batch.
 *
 * @param {Explored} own
 * @param {State} state
 * @param {string} step
 * @param {string} [why]
 */
export function start(own, state, step, why = "") {
  own.state = state;
  tell(own, why);
  own.view = { ...own.view, step, open: new Set(), cell: null, turn: null, at: { row: 0, column: 0 } };
  own.isNew = true;
  offerStyle(own, state.style);
  drawEntries(own);
  drawOptions(own);
  recompute(own);
}

/** Let a style that is none of ours be chosen again. @param {Explored} own @param {State["style"]} style */
function offerStyle(own, style) {
  if (typeof style !== "object") return;
  own.style = style;
  own.offered = null;
}

/** @param {Explored} own @param {string} step */
export function look(own, step) {
  own.view = { ...own.view, step, cell: null, turn: null };
  own.isNew = true;
  own.host.looked?.({ step, show: own.view.show });
  show(own);
}

/**
 * Draw; where another step or batch is looked at, the cells begin at the chosen row's response.
 *
 * @param {Explored} own
 */
export function show(own) {
  const { frames, view } = own;
  if (!frames) return;
  const { isNew } = own;
  own.isNew = false;
  if (!isNew) return draw(own);
  view.at = { ...view.at, column: responseOf(linesOf(frames, view.step), view.at.row) };
  view.from = 0;
  reach(view, view.at.column);
  draw(own);
  turnTo(own, view.at.column, "start");
}

/**
 * Go to a place in the tensor: the cells turn to its column, and say what is there.
 *
 * @param {Explored} own
 * @param {{row: number, name: string, column: number}} place
 */
export function goTo(own, { row, name, column }) {
  const { view } = own;
  const { from } = view;
  view.cell = { row, name, position: column };
  view.at = { row, column };
  reach(view, column);
  if (view.from === from) drawDetail(own);
  else draw(own);
  turnTo(own, column, "near");
}

/**
 * Scroll the cells to a column: so that they begin with the one before it, or only as far as is
 * needed for it to be seen.
 *
 * @param {Explored} own
 * @param {number} column
 * @param {"start" | "near"} where
 */
export function turnTo({ $, columns }, column, where) {
  const heads = $("grid").querySelector("thead tr")?.children;
  const number = columns.findIndex(({ start, stop }) => start <= column && column < stop);
  if (!heads || number < 0) return;
  const grid = /** @type {HTMLElement} */ ($("grid").parentElement);
  const names = heads[0].getBoundingClientRect().right - grid.getBoundingClientRect().left;
  const box = heads[number + 1].getBoundingClientRect();
  const [left, right] = [grid.getBoundingClientRect().left + Math.max(names, 0), grid.getBoundingClientRect().right];
  if (where === "start") grid.scrollLeft += heads[Math.max(number, 1)].getBoundingClientRect().left - left;
  else if (box.left < left || box.right > right) grid.scrollLeft += (box.left + box.right - left - right) / 2;
}

/** Say what is wrong with what was asked for, or "" where nothing is. @param {Explored} own @param {string} message */
export function complain({ $ }, message) {
  $("message").textContent = message;
  $("message").hidden = !message;
}

/** Say why the reader sees what they see. @param {Explored} own @param {string} why */
export function tell({ $ }, why) {
  $("told").textContent = why;
  $("told").hidden = !why;
}
