/**
 * What stands in the grid of a step: from frames to lines of cells, what is folded of them, and
 * the text of a token that can be seen. Takes frames; makes no HTML but for signs in a text.
 */

/**
 * @typedef {import("./frames.js").Frames} Frames
 */

/**
 * @typedef {object} Cell one slot of a grid; `value` is the number that the tensor holds
 * @property {number} position
 * @property {number} id
 * @property {string | null} hex
 * @property {string} role
 * @property {number} value
 * @property {string | null} why
 * @property {boolean} changed by this step
 */

/**
 * @typedef {object} Line
 * @property {number} row
 * @property {string} name "block", "inputs", "targets", or "" where a row has one line alone
 * @property {Cell[]} cells
 * @property {number} start the column of the block that its first cell comes from
 */

// Python has these too; a test holds them equal.
export const STEPS = ["format", "tokenize", "pad", "shift", "ignore", "mask"];
export const TITLES = ["Format", "Tokenize", "Pad", "Shift", "Ignore", "Mask"];
export const PROMPT = ["template", "instruction", "input", "header"];
export const FOLDED_FROM = 4;
/** Why a target is ignored that step Mask ignores; for all other reasons it is step Ignore. */
export const MASK_REASONS = ["prompt", "late", "left-out"];

/** @param {string} step @param {string} other */
export function isBefore(step, other) {
  return STEPS.indexOf(step) < STEPS.indexOf(other);
}

// The cells of a step ---------------------------------------------------------------------

/** @type {WeakMap<Frames, Map<string, Line[]>>} */
const made = new WeakMap();

/**
 * Give the lines of a step's grids; none at step "format". They are made once for the same frames.
 *
 * @param {Frames} frames
 * @param {string} step
 * @returns {Line[]}
 */
export function linesOf(frames, step) {
  const steps = made.get(frames) ?? new Map();
  if (!steps.has(step)) made.set(frames, steps.set(step, makeLines(frames, step)));
  return steps.get(step);
}

/** @param {Frames} frames @param {string} step @returns {Line[]} */
function makeLines(frames, step) {
  const { rows, batch } = frames;
  if (step === "format") return [];
  if (step === "tokenize") {
    return rows.map((row, number) => ({
      row: number,
      name: "",
      cells: row.tokens.map((token, position) => slot(token, position, token.role)),
      start: 0,
    }));
  }
  if (batch === null) return [];
  const placed = rows.flatMap((row, number) => (row.place === null ? [] : [{ row, number }]));
  return placed.flatMap(({ row, number }) => {
    const place = /** @type {number} */ (row.place);
    const block = batch.block[place].map((id, position) => {
      const role = batch.roles[place][position];
      const own = row.tokens[position]; // an end may be the text's own, or one that was put there
      const isOwn = role !== "pad" && own?.role === role && own.id === id;
      return slot({ id, bytes: isOwn ? own.bytes : null }, position, role, !isOwn);
    });
    if (step === "pad") return [{ row: number, name: "", cells: block, start: 0 }];
    const width = batch.inputs[place].length;
    const given = block.map((cell) => ({ ...cell, changed: false }));
    const targets = Array.from({ length: width }, (_, column) => {
      const cell = block[column + batch.shift];
      const why = batch.why[place][column];
      const isMask = why !== null && MASK_REASONS.includes(why);
      const seen = step === "shift" || (step === "ignore" && isMask) ? null : why;
      return {
        ...cell,
        position: column,
        why: seen,
        value: seen === null ? cell.id : batch.targets[place][column],
        changed: step === "shift" ? batch.shift > 0 : step === "ignore" ? seen !== null : isMask,
      };
    });
    const lines = [
      { row: number, name: "inputs", cells: given.slice(0, width), start: 0 },
      { row: number, name: "targets", cells: targets, start: batch.shift },
    ];
    return step === "shift" ? [{ row: number, name: "block", cells: given, start: 0 }, ...lines] : lines;
  });
}

/**
 * @param {{id: number, bytes: string | null}} token
 * @param {number} position
 * @param {string} role
 * @returns {Cell}
 */
function slot({ id, bytes }, position, role, changed = false) {
  return { position, id, hex: bytes, role, value: id, why: null, changed };
}

/**
 * Cut the columns of a step into runs: some alone, and folds of many in which every row is
 * prompt or pad, or has ended. A column where a prompt asks for its response is never folded,
 * nor one that the block has more than its inputs.
 *
 * @param {Line[]} lines of all rows
 * @param {string} step
 * @returns {{start: number, stop: number, isFold: boolean}[]}
 */
export function runsOf(lines, step) {
  const foldable = step === "tokenize" ? PROMPT.slice(0, 1) : [...PROMPT, "pad"];
  const asked = lines.filter((line) => line.name !== "block");
  const width = Math.max(0, ...asked.map((line) => line.cells.length));
  /** @type {(position: number) => boolean} */
  const isPlain = (position) => asked.every(({ cells }) => position >= cells.length || foldable.includes(cells[position].role));
  const runs = [];
  for (let start = 0; start < width; ) {
    let stop = start;
    while (stop < width && isPlain(stop)) stop += 1;
    const isFold = stop - start >= FOLDED_FROM;
    if (isFold) runs.push({ start, stop, isFold });
    else for (stop = Math.max(stop, start + 1); start < stop; start += 1) runs.push({ start, stop: start + 1, isFold });
    start = stop;
  }
  const all = Math.max(width, ...lines.map((line) => line.cells.length));
  for (let at = width; at < all; at += 1) runs.push({ start: at, stop: at + 1, isFold: false });
  return runs;
}

// Text that can be seen -------------------------------------------------------------------

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** @type {Record<string, [sign: string, name: string]>} */
export const SIGNS = { " ": ["␣", "space"], "\n": ["⏎", "line break"], "\t": ["⇥", "tab"], "\r": ["␍", "return"] };

/** @type {Map<string, string>} */
const texts = new Map();

/** @param {string} hex @returns {string} the text of a token, which is looked up once */
function textOf(hex) {
  const known = texts.get(hex);
  if (known !== undefined) return known;
  const text = decoded(hex);
  texts.set(hex, text);
  return text;
}

/** @param {string} hex @returns {string} */
export function decoded(hex) {
  const pairs = hex.match(/../g) ?? [];
  try {
    return utf8.decode(Uint8Array.from(pairs, (pair) => parseInt(pair, 16)));
  } catch {
    return `⟨${pairs.join(" ").toUpperCase()}⟩`;
  }
}

/** @param {string} text */
export function escape(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * Give a text with a sign for what cannot be seen, as `show_html` in `glyphs.py` does. Without
 * signs for spaces it is text to be read, in its own direction: words are of one run, and a
 * joiner after a character that can be seen does what it is for.
 *
 * @param {string} text
 * @param {boolean} [spaces] whether spaces get a sign too
 */
export function visible(text, spaces = true) {
  if (/^⟨[0-9A-F ]+⟩$/.test(text)) return `<bdi>${text}</bdi>`; // the bytes of a part, and no text
  const parts = spaces ? /[\p{C}\p{Z}]|[^\p{C}\p{Z}]+/gu : /(?: |[^\p{C}\p{Z}]+[\u200c\u200d]*)+|[\p{C}\p{Z}]/gu;
  return text.replace(parts, (part) => {
    const code = /** @type {number} */ (part.codePointAt(0)).toString(16).toUpperCase().padStart(4, "0");
    if (!/^[\p{C}\p{Z}]$/u.test(part) || (part === " " && !spaces)) return `<bdi>${escape(part)}</bdi>`;
    const [sign, name] = SIGNS[part] ?? [`⟨U+${code}⟩`, `character U+${code}`];
    return `<span role="img" aria-label="${name}">${sign}</span>`;
  });
}

/** @param {string} text a text to be read in a sentence */
export function quoted(text) {
  return `<q class="be-quote">${visible(text, false)}</q>`;
}

/** @param {Cell} cell */
export function plain(cell) {
  if (cell.hex !== null) return textOf(cell.hex);
  return cell.role === "end" || cell.role === "pad" ? cell.role : String(cell.id);
}

/** @param {Cell[]} cells several tokens as one text, in which a character may be whole again */
export function joined(cells) {
  const isText = cells.every((cell) => cell.hex !== null);
  const text = isText ? decoded(cells.map((cell) => cell.hex).join("")) : "";
  return text && !/^⟨[0-9A-F ]+⟩$/.test(text) ? text : cells.map(plain).join(isText ? "" : " ");
}
