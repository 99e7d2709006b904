/**
 * What a reader can take away: the batch as a Python program, and as a link; and what stays of
 * their work on this page, in this browser alone.
 */

import { readState, refusalOf } from "./frames.js";
import { STEPS } from "./lines.js";
import { FIELDS } from "./parts.js";

/**
 * @typedef {import("./frames.js").State} State
 * @typedef {import("./frames.js").Constants} Constants
 */

/** More signs than any batch needs that can be drawn. */
const MOST_SIGNS = 400_000;
const SHOWS = ["text", "ids"];

/**
 * Give a Python program that prints what is on screen: texts, ids, the block, or the tensors.
 * Whatever it takes from the state stands in it as a literal; an error for what is no state.
 *
 * @param {State} given
 * @param {{step: string}} view
 * @param {Constants} constants
 */
export function pythonOf(given, view, constants) {
  readState(given, constants);
  /** @type {State} */
  const state = { ...constants.defaults, ...given };
  if (state.fault || typeof state.style === "object") {
    const dumped = JSON.stringify(JSON.stringify(state));
    return [
      "import json",
      "",
      "from companion.showing.frames import frames",
      "",
      `batch = frames(json.loads(${dumped}))["batch"]`,
      'print(batch["inputs"])',
      'print(batch["targets"])',
      "",
    ].join("\n");
  }
  /** @type {(entry: any) => string} */
  const entryOf = (entry) => `Entry(${FIELDS.map((field) => JSON.stringify(entry[field])).join(", ")})`;
  const isBare = state.entries.every((entry) => Array.isArray(entry));
  const style = isBare ? [] : [`style = ${JSON.stringify(state.style)}`];
  const rows = state.entries.map((entry) =>
    Array.isArray(entry) ? `    [${entry.join(", ")}],` : `    tokenize_entry(${entryOf(entry)}, style),`,
  );
  const batch = ["batch = [", ...rows, "]"];
  /** @type {(names: string[], lines: string[]) => string} */
  const program = (names, lines) =>
    [...(names.length ? [`from companion import ${names.sort().join(", ")}`, ""] : []), ...lines, ""].join("\n");
  const names = isBare ? [] : ["Entry", "tokenize_entry"];
  if (view.step === "format" && !isBare) {
    const texts = state.entries.map((entry) =>
      Array.isArray(entry) ? `print(${JSON.stringify(entry)})` : `print(STYLES[style].text(${entryOf(entry)}))`,
    );
    return program(["Entry", "STYLES"], [...style, ...texts]);
  }
  const isText = !state.entries.some((entry) => Array.isArray(entry));
  const ids = isBare ? "batch" : isText ? "[entry.ids for entry in batch]" : '[getattr(row, "ids", row) for row in batch]';
  if (["format", "tokenize"].includes(view.step)) {
    return program(names, [...style, ...batch, `for row in ${ids}:`, "    print([int(id) for id in row])"]);
  }
  const isWhole = state.max_length === null && state.pad_to_multiple_of === null;
  if (view.step === "pad" && isWhole) {
    return program([...names, "pad_batch"], [...style, ...batch, `print(pad_batch(${ids}).tolist())`]);
  }
  if (view.step === "shift" && isWhole) {
    const lines = [`inputs, targets = shift_targets(pad_batch(${ids}))`, "print(inputs.tolist())", "print(targets.tolist())"];
    return program([...names, "pad_batch", "shift_targets"], [...style, ...batch, ...lines]);
  }
  const mask = view.step === "mask" ? state.mask : "none";
  const settings = [
    mask === "none" ? "" : `mask=${JSON.stringify(mask)}`,
    state.max_length === null ? "" : `max_length=${state.max_length}`,
    state.truncation === "cut" ? "" : `truncation=${JSON.stringify(state.truncation)}`,
    state.pad_to_multiple_of === null ? "" : `pad_to_multiple_of=${state.pad_to_multiple_of}`,
  ].filter(Boolean);
  const early = ["pad", "shift"].includes(view.step) ? ["# The collator cuts, pads, shifts and ignores the pads, which on the page comes a step later."] : [];
  return program(
    [...names, "Collator"],
    [
      ...style,
      ...batch,
      ...early,
      `inputs, targets = Collator(${settings.join(", ")})(batch)`,
      "print(inputs.tolist())",
      "print(targets.tolist())",
    ],
  );
}

/** @param {string} id @param {State} state @param {{step: string}} view */
export function linkTo(id, state, view) {
  const bytes = new TextEncoder().encode(JSON.stringify({ step: view.step, state }));
  const packed = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const safe = packed.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return `${location.href.split("#")[0]}#batch=${id}.${safe}`;
}

/**
 * Read what `linkTo` wrote; null where the link is about something else.
 *
 * @param {string} hash
 * @param {string} id
 * @param {Constants} constants
 * @returns {{step: string, state: State} | null} raises an error, in a sentence, for a link
 *   that holds nothing that can be shown
 */
export function readLink(hash, id, constants) {
  const start = `#batch=${id}.`;
  if (!hash.startsWith(start)) return null;
  if (hash.length > MOST_SIGNS) throw new Error(`it has more than ${MOST_SIGNS.toLocaleString("en")} signs`);
  const data = unpacked(hash.slice(start.length));
  const isLink = typeof data === "object" && data !== null && Object.keys(data).sort().join() === "state,step";
  if (!isLink) throw new Error("a link holds a step and a state");
  if (!STEPS.includes(data.step)) throw new Error(`a step is one of ${STEPS.join(", ")}`);
  readState(data.state, constants);
  return { step: data.step, state: data.state };
}

/** @param {string} packed @returns {any} */
function unpacked(packed) {
  try {
    const bytes = Uint8Array.from(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Error("it cannot be decoded");
  }
}

/**
 * Give the step and the show that can be looked at, in place of what cannot.
 *
 * @param {{step?: unknown, show?: unknown}} view
 */
export function readView({ step, show }) {
  return {
    step: /** @type {string} */ (STEPS.includes(/** @type {string} */ (step)) ? step : STEPS[0]),
    show: /** @type {string} */ (SHOWS.includes(/** @type {string} */ (show)) ? show : SHOWS[0]),
  };
}

// Work that is kept over a reload -----------------------------------------------------------

/** @param {string} id of the explorer on this page */
function placeOf(id) {
  return `inside-the-batch ${location.pathname} ${id}`;
}

/**
 * Keep what the reader made of a page's batch; a batch as the page has it needs no keeping. A
 * fault is not kept: who comes back finds their entries whole.
 *
 * @param {string} id
 * @param {State} own the page's
 * @param {State} state the reader's
 */
export function keep(id, own, state) {
  const [ours, theirs] = [own, { ...state, fault: null }].map((batch) => JSON.stringify(batch));
  try {
    if (ours === theirs) localStorage.removeItem(placeOf(id));
    else localStorage.setItem(placeOf(id), JSON.stringify({ ours, theirs }));
  } catch {
    // A browser may refuse to store anything; then nothing is kept, and all else works.
  }
}

/**
 * Give what was kept, if it was made of the batch that the page has today. What is no state is
 * kept no longer, and an error says in a sentence what it was.
 *
 * @param {string} id
 * @param {State} own the page's
 * @param {Constants} constants
 * @returns {State | null}
 */
export function kept(id, own, constants) {
  const stored = stowed(id);
  if (stored === null) return null;
  /** @type {unknown} */
  let theirs;
  try {
    const both = JSON.parse(stored);
    if (both.ours !== JSON.stringify(own)) return null;
    theirs = JSON.parse(both.theirs);
  } catch {
    discard(id);
    throw new Error("it cannot be decoded");
  }
  const why = refusalOf(theirs, constants);
  if (!why) return { .../** @type {State} */ (theirs), fault: null };
  discard(id);
  throw new Error(why);
}

/** @param {string} id @returns {string | null} */
function stowed(id) {
  try {
    return localStorage.getItem(placeOf(id));
  } catch {
    return null; // a browser may refuse to say
  }
}

/** @param {string} id */
function discard(id) {
  try {
    localStorage.removeItem(placeOf(id));
  } catch {
    // Then it is refused anew at each visit.
  }
}
