/**
 * Moving: the map and the box for its column lead to a place in the tensor; the settings unfold,
 * and the row whose text is edited stays in sight.
 */

import { goTo, turnTo } from "./changing.js";
import { responseOf } from "./columns.js";
import { draw, drawFields, drawWindow, placeOf } from "./drawing.js";
import { linesOf } from "./lines.js";
import { placeAt, placeBy, scaleOf } from "./map.js";

/**
 * @typedef {import("./explorer.js").Explored} Explored
 * @typedef {{grid: number, line: number, column: number}} Place
 */

const WIDE = 880; // pixels; from here on the entries stand beside the tensor

/** @param {Explored} own */
export function listenToPlaces(own) {
  listenToMap(own);
  listenToSize(own);
  listenToCells(own);
  own.$("settings").addEventListener("click", () => {
    own.view.settings = !own.view.settings;
    drawFields(own);
  });
  own.$("entries").addEventListener("focusin", (event) => follow(own, /** @type {HTMLElement} */ (event.target)));
}

/** @param {Explored} own @param {Place} place */
function move(own, { grid, line, column }) {
  const { name, rows } = own.grids[grid];
  goTo(own, { row: rows[line].row, name: name === "block" ? "" : name, column });
}

/** @param {Explored} own */
function listenToMap(own) {
  const { $ } = own;
  const map = $("map");
  map.addEventListener("keydown", (event) => {
    const place = own.grids.length && !event.altKey && !event.ctrlKey && !event.metaKey && placeBy(own.grids, placeOf(own), event.key);
    if (!place) return;
    event.preventDefault();
    move(own, place);
  });
  const point = (/** @type {PointerEvent} */ event) => {
    if (!own.grids.length) return;
    const box = $("picture").getBoundingClientRect();
    const columns = Math.max(...own.grids.map(({ width }) => width));
    move(own, placeAt(own.grids, scaleOf(columns, own.room), event.clientX - box.left, event.clientY - box.top));
  };
  map.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    map.focus({ preventScroll: true }); // before the place is drawn: the box for its column shows it, too
    point(event);
  });
  map.addEventListener("pointermove", (event) => event.buttons === 1 && point(event));
  const box = /** @type {HTMLInputElement} */ ($("column"));
  box.addEventListener("input", () => {
    if (box.value === "" || !box.checkValidity()) return;
    move(own, { ...placeOf(own), column: Number(box.value) });
  });
}

/** Draw the map as wide as there is room for it. @param {Explored} own */
function listenToSize(own) {
  const { $ } = own;
  const fit = () => {
    const room = $("panel").clientWidth;
    if (!room || room === own.room) return;
    own.room = room;
    draw(own);
  };
  own.room = $("panel").clientWidth || 640;
  $("batch").toggleAttribute("open", own.root.clientWidth >= WIDE);
  own.room = $("panel").clientWidth || 640;
  if (typeof ResizeObserver !== "undefined") new ResizeObserver(fit).observe($("panel"));
}

/** @param {Explored} own */
function listenToCells(own) {
  const { $ } = own;
  $("grid").parentElement?.addEventListener("scroll", () => requestAnimationFrame(() => drawWindow(own)), { passive: true });
  $("grid").addEventListener("click", (event) => {
    const more = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("[data-to]"));
    if (!more) return;
    const [row, name, column] = (more.dataset.to ?? "").split(":");
    goTo(own, { row: Number(row), name, column: Number(column) });
    /** @type {HTMLElement | null} */ ($("grid").querySelector(`td[data-at="${more.dataset.to}"]`))?.focus();
  });
}

/**
 * Keep the row whose text is edited in sight: where the tensor stands above the boxes and has
 * little room, it is scrolled there.
 *
 * @param {Explored} own
 * @param {HTMLElement} box
 */
function follow(own, box) {
  const { $, frames, view } = own;
  const row = Number(box.dataset.entry);
  if (!frames || Number.isNaN(row)) return;
  view.at = { row, column: responseOf(linesOf(frames, view.step), row) };
  turnTo(own, view.at.column, "start");
  const panel = $("panel");
  const table = $("grid").querySelector(`table[aria-label="row ${row}"]`);
  if (table && panel.scrollHeight > panel.clientHeight) {
    panel.scrollTop += table.getBoundingClientRect().bottom - panel.getBoundingClientRect().bottom + 8;
  }
  // Where the tensor stays at the top of the window, the box may have come to lie beneath it.
  const [above, typed] = [panel, box].map((one) => one.getBoundingClientRect());
  const isBeside = above.right <= typed.left || typed.right <= above.left;
  if (!isBeside && above.top < typed.bottom && typed.top < above.bottom) window.scrollBy(0, typed.top - above.bottom - 8);
}
