/**
 * What a reader can take away: the batch as a Python program, and as a link.
 */

import { STEPS } from "./lines.js";
import { FIELDS } from "./parts.js";

/** @typedef {import("./frames.js").State} State */

/**
 * Give a Python program that prints the tensors on screen.
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
      "from companion.explorer.frames import frames",
      "",
      `batch = frames(json.loads(${dumped}))["batch"]`,
      'print(batch["inputs"])',
      'print(batch["targets"])',
      "",
    ].join("\n");
  }
  const entries = state.entries.map((entry) =>
    Array.isArray(entry)
      ? `    [${entry.join(", ")}],`
      : `    tokenize_entry(Entry(${FIELDS.map((field) => JSON.stringify(entry[field])).join(", ")}), style),`,
  );
  const mask = STEPS.indexOf(view.step) > 4 ? state.mask : "none";
  const settings = [
    mask === "none" ? "" : `mask=${JSON.stringify(mask)}`,
    state.max_length === null ? "" : `max_length=${state.max_length}`,
    state.truncation === "cut" ? "" : `truncation=${JSON.stringify(state.truncation)}`,
    state.pad_to_multiple_of === null ? "" : `pad_to_multiple_of=${state.pad_to_multiple_of}`,
  ].filter(Boolean);
  return [
    "from companion import Collator, Entry, tokenize_entry",
    "",
    `style = ${JSON.stringify(state.style)}`,
    "batch = [",
    ...entries,
    "]",
    `inputs, targets = Collator(${settings.join(", ")})(batch)`,
    "print(inputs.tolist())",
    "print(targets.tolist())",
    "",
  ].join("\n");
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
