/**
 * The columns of the cells, which all rows share: what is folded, what is shown of very many, and
 * how wide each is. A width is given by the column and not by a table, so that each entry can be
 * a table of its own in which a key stroke changes only what differs.
 */

import { plain, runsOf, visible } from "./lines.js";

/**
 * @typedef {import("./lines.js").Cell} Cell
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./explorer.js").View} View
 *
 * @typedef {object} Column one or more positions that stand in one column of the cells
 * @property {number} start
 * @property {number} stop
 * @property {"" | "fold" | "more"} kind "more" where the cells do not reach
 * @property {number} width in em; what is folded has its own
 */

export const SHOWN = 96; // columns of cells at once; the map shows all, and leads to each

/**
 * Give the columns of a step.
 *
 * @param {Line[]} lines of all rows
 * @param {View} view
 * @param {(text: string) => number} measure a text's width, in em of the cells' font
 * @param {Iterable<number>} [shown] columns that are to be seen, and so are in no fold
 * @returns {Column[]}
 */
export function columnsOf(lines, view, measure, shown = []) {
  const opened = new Set([...view.open].map((fold) => Number(fold.split(":")[1])));
  const seen = [...shown];
  const isOpen = view.turn !== null && view.step === "shift";
  const columns = runsOf(lines, view.step).flatMap(({ start, stop, isFold }) => {
    /** @type {(start: number, stop: number, kind: Column["kind"]) => Column} */
    const column = (start, stop, kind) => ({ start, stop, kind, width: 0 });
    const isSeen = seen.some((at) => start <= at && at < stop);
    if (isFold && !isOpen && !isSeen && !opened.has(start)) return [column(start, stop, "fold")];
    return Array.from({ length: stop - start }, (_, i) => column(start + i, start + i + 1, ""));
  });
  const near = windowOf(columns, view.from);
  for (const column of near) if (!column.kind) column.width = widthOf(lines, column.start, view, measure);
  return near;
}

/**
 * Keep as many columns as are shown at once, and one for all before them, and one for all after.
 *
 * @param {Column[]} columns
 * @param {number} from the position that the first shall hold
 * @returns {Column[]}
 */
function windowOf(columns, from) {
  if (columns.length <= SHOWN) return columns;
  const found = columns.findIndex(({ stop }) => stop > from);
  const first = Math.min(found < 0 ? columns.length : found, columns.length - SHOWN);
  const shown = columns.slice(first, first + SHOWN);
  /** @type {(part: Column[]) => Column[]} */
  const more = (part) => (part.length ? [{ start: part[0].start, stop: part[part.length - 1].stop, kind: "more", width: 0 }] : []);
  return [...more(columns.slice(0, first)), ...shown, ...more(columns.slice(first + SHOWN))];
}

/**
 * Begin further left or right, where the cells would not reach a position.
 *
 * @param {View} view
 * @param {number} position
 */
export function reach(view, position) {
  if (position < view.from || position > view.from + SHOWN - 8) view.from = Math.max(0, position - 8);
}

/**
 * Give the first column of a row that its response has, or that asks for it.
 *
 * @param {Line[]} lines
 * @param {number} row
 */
export function responseOf(lines, row) {
  const own = lines.filter((line) => line.row === row).at(-1);
  return Math.max(0, own?.cells.findIndex(({ role }) => ["response", "suffix", "end"].includes(role)) ?? 0);
}

/** @param {Line[]} lines @param {number} position @param {View} view @param {(text: string) => number} measure */
function widthOf(lines, position, view, measure) {
  let widest = 2;
  for (const { name, cells } of lines) {
    const cell = cells[position];
    if (!cell) continue;
    const isAsked = view.turn !== null && name === "targets";
    const room = isAsked ? (view.step === "shift" ? 3.2 : 1.4) : 0;
    widest = Math.max(widest, emOf(cell, view, measure) + room);
  }
  return Math.ceil(20 * widest) / 20;
}

const SMALL = 0.85; // of the cells' font, as the style sheet has it

/** @param {Cell} cell @param {View} view @param {(text: string) => number} measure */
function emOf(cell, view, measure) {
  const isNamed = view.show === "text" || (cell.hex === null && ["end", "pad"].includes(cell.role));
  return Math.max(SMALL * measure(String(cell.value)), measure(isNamed ? plain(cell) : String(cell.id)));
}

/**
 * Give a function that measures text in the cells' font, each text once.
 *
 * @param {Element} root
 * @returns {(text: string) => number}
 */
export function measureIn(root) {
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  pen.font = `100px ${getComputedStyle(root).getPropertyValue("--bt-mono") || "monospace"}`;
  /** @type {Map<string, number>} */
  const known = new Map();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size > 20_000) known.clear();
    const seen = visible(text).replace(/<[^>]*>/g, "").replace(/&#\d+;/g, "x");
    const width = pen.measureText(seen).width / 100;
    known.set(text, width);
    return width;
  };
}
