/**
 * What a reader can take away: the batch as a Python program, and as a link; and what stays of
 * their work on this page, in this browser alone.
 */

import { STEPS } from "./lines.js";
import { FIELDS } from "./parts.js";

/** @typedef {import("./frames.js").State} State */

/**
 * Give a Python program that prints what is on screen: texts, ids, the block, or the tensors.
 *
 * @param {State} state
 * @param {{step: string}} view
 */
export function pythonOf(state, view) {
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
 * @returns {{step: string, state: State} | null} raises an error for a damaged link
 */
export function readLink(hash, id) {
  const start = `#batch=${id}.`;
  if (!hash.startsWith(start)) return null;
  const packed = hash.slice(start.length).replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const { step, state } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (!STEPS.includes(step)) throw new Error(`there is no step ${step}`);
  return { step, state };
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
 * Give what was kept, if it was made of the batch that the page has today.
 *
 * @param {string} id
 * @param {State} own the page's
 * @returns {State | null}
 */
export function kept(id, own) {
  try {
    const { ours, theirs } = JSON.parse(localStorage.getItem(placeOf(id)) ?? "null") ?? {};
    return ours === JSON.stringify(own) ? JSON.parse(theirs) : null;
  } catch {
    return null;
  }
}
