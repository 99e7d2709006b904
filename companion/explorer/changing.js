/**
 * Changing: the ways in which an explorer comes to another state, view or frames. A state passes
 * `readState` before it is drawn, told to the host, or copied.
 */

import { draw, drawEntries, drawOptions } from "./drawing.js";
import { refusalOf } from "./frames.js";

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
  host.frames(
    state,
    (made) => {
      if (own.state !== state) return; // a newer state is on its way
      own.frames = made;
      if (!state.fault) own.healthy = made;
      complain(own, "");
      draw(own);
    },
    complaint,
  );
  if (!state.fault) return;
  host.frames(
    { ...state, fault: null },
    (made) => {
      if (own.state !== state) return;
      own.healthy = made;
      if (own.frames) draw(own);
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
  own.state = { ...own.state, ...part };
  own.view = { ...own.view, turn: null, cell: null };
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
  own.view = { ...own.view, step, open: new Set(), cell: null, turn: null };
  offerStyle(own, state.style);
  drawEntries(own);
  drawOptions(own);
  recompute(own);
}

/** Let a style that is none of ours be chosen again. @param {Explored} own @param {State["style"]} style */
function offerStyle(own, style) {
  if (typeof style !== "object") return;
  const select = /** @type {HTMLSelectElement} */ (own.$("style"));
  own.style = style;
  select.querySelector('option[value="own"]')?.remove();
  select.add(new Option(String(style.name), "own"));
}

/** @param {Explored} own @param {string} step */
export function look(own, step) {
  own.view = { ...own.view, step, cell: null, turn: null };
  own.host.looked?.({ step, show: own.view.show });
  draw(own);
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
