/**
 * What a reader can take away: the batch as a Python program, and as a link; and what stays of
 * their work on this page, in this browser alone.
 */

import { constantsOf, isTalk, readState, refusalOf } from "./frames.js";
import { STEPS, isBefore } from "./lines.js";
import { FIELDS } from "./parts.js";

/**
 * @typedef {import("./frames.js").State} State
 * @typedef {import("./frames.js").ReadState} ReadState
 * @typedef {import("./frames.js").Constants} Constants
 * @typedef {import("./frames.js").Entry} Entry
 */

/** More signs than any batch needs that can be drawn. */
const MOST_SIGNS = 400_000;
const SHOWS = ["text", "ids"];

/**
 * @typedef {object} Part of a program
 * @property {string[]} names to import from the companion
 * @property {string[]} lines
 */

/**
 * Give a Python program that prints what is on screen: texts, ids, the block, or the tensors. A
 * fault is in it from its own step on, in a line of its own with a comment. Whatever it takes
 * from the state stands in it as a literal; an error for what is no state.
 *
 * @param {State} given
 * @param {{step: string}} view
 * @param {Constants} base
 */
export function pythonOf(given, view, base) {
  const constants = /** @type {Constants} */ (constantsOf(given, base));
  const read = readState(given, constants);
  const isThere = read.fault !== null && !isBefore(view.step, constants.faults[read.fault]);
  /** @type {ReadState} */
  const state = { ...read, fault: isThere ? read.fault : null, mask: view.step === "mask" ? read.mask : constants.masks[0] };
  const isBare = state.entries.every((entry) => Array.isArray(entry));
  const written = constants.kind ?? ENTRIES;
  const parts = [
    ...(isBare ? [] : [written.styleOf(state, constants)]),
    ...(view.step === "format" && !isBare ? [written.textsOf(state)] : [written.batchOf(state, constants), shownOf(state, view.step, constants)]),
  ];
  const names = [...new Set(parts.flatMap((part) => part.names))].sort();
  const imported = names.length ? [`from companion import ${names.join(", ")}`, ""] : [];
  return [...imported, ...parts.flatMap((part) => part.lines), ""].join("\n");
}

/** @param {ReadState} state @param {Constants} constants @returns {Part} */
function styleOf({ style }, { styles, style_defaults: defaults }) {
  const named = Object.keys(styles).find((name) => styles[name] === style);
  if (named) return { names: ["STYLES"], lines: [`style = STYLES[${JSON.stringify(named)}]`] };
  const whole = /** @type {Record<string, string>} */ (/** @type {object} */ (style));
  const own = ["name", "instruction", ...Object.keys(defaults)].filter((name) => defaults[name] !== whole[name]);
  return { names: ["PromptStyle"], lines: ["style = PromptStyle(", ...own.map((name) => `    ${name}=${JSON.stringify(whole[name])},`), ")"] };
}

/** @param {Entry} entry */
function literalOf(entry) {
  return `Entry(${FIELDS.map((field) => JSON.stringify(entry[field])).join(", ")})`;
}

/** @param {ReadState} state @returns {Part} */
function textsOf({ entries }) {
  const lines = entries.map((entry) => (Array.isArray(entry) ? `print([${entry.join(", ")}])` : `print(style.text(${literalOf(/** @type {Entry} */ (entry))}))`));
  return { names: ["Entry"], lines };
}

const AT_ONCE = [
  "encode = load_tokenizer().encode_ordinary",
  "",
  "",
  "def tokenize_at_once(entry):",
  "    # The fault: the whole text is encoded, and the prompt's ids are counted on the prompt alone.",
  "    ids = encode(style.text(entry))",
  "    prompt = min(len(encode(style.prompt(entry))), len(ids))",
  "    header = min(len(encode(style.header)), prompt)",
  "    return TokenizedEntry(ids, prompt_length=prompt, header_length=header)",
  "",
  "",
];

/** @param {ReadState} state @returns {Part} */
function batchOf({ entries, fault }) {
  const isAtOnce = fault === "prompt_cut_differently" && !entries.every((entry) => Array.isArray(entry));
  const rows = entries.map((entry) => {
    if (Array.isArray(entry)) return `    [${entry.join(", ")}],`;
    const own = literalOf(/** @type {Entry} */ (entry));
    return isAtOnce ? `    tokenize_at_once(${own}),` : `    tokenize_entry(${own}, style),`;
  });
  const names = entries.every((entry) => Array.isArray(entry)) ? [] : ["Entry", ...(isAtOnce ? ["TokenizedEntry", "load_tokenizer"] : ["tokenize_entry"])];
  return { names, lines: [...(isAtOnce ? AT_ONCE : []), "batch = [", ...rows, "]"] };
}

/** How the Python begins that makes a batch of entries. */
const ENTRIES = { styleOf, textsOf, batchOf };

/** @param {ReadState} state @param {string} step @param {Constants} constants @returns {Part} */
function shownOf(state, step, constants) {
  const { entries, max_length: limit, pad_to_multiple_of: multiple } = state;
  const isText = !entries.some((entry) => Array.isArray(entry));
  const isBare = entries.every((entry) => Array.isArray(entry));
  const ids = isBare ? "batch" : isText ? "[entry.ids for entry in batch]" : '[getattr(row, "ids", row) for row in batch]';
  if (["format", "tokenize"].includes(step)) return { names: [], lines: [`for row in ${ids}:`, "    print([int(id) for id in row])"] };
  if (!["pad", "shift"].includes(step)) return printed(tensorsOf(state, constants));
  const isWhole = limit === null && multiple === null && !constants.kind;
  const block = isWhole
    ? { names: ["pad_batch"], lines: [`block = pad_batch(${ids})`] }
    : { names: ["Collator"], lines: [`collate = ${collatorOf(state)}`, "block = collate.block(collate.texts(batch))"] };
  if (step === "pad") return { names: block.names, lines: [...block.lines, "print(block.tolist())"] };
  const shifted = shiftOf(state.fault);
  return printed({ names: [...block.names, ...shifted.names], lines: [...block.lines, ...shifted.lines] });
}

/** @param {Part} part @returns {Part} */
function printed({ names, lines }) {
  return { names, lines: [...lines, "print(inputs.tolist())", "print(targets.tolist())"] };
}

/** @param {ReadState} state */
function collatorOf({ entries, mask, max_length: limit, truncation, pad_to_multiple_of: multiple }) {
  const isChat = isTalk(entries[0]);
  const settings = [
    isChat ? 'tokenizer="smollm2"' : "",
    mask === "none" || mask === "everything" ? "" : isChat ? "mask=mask" : `mask=${JSON.stringify(mask)}`,
    limit === null ? "" : `max_length=${limit}`,
    truncation === "cut" ? "" : `truncation=${JSON.stringify(truncation)}`,
    multiple === null ? "" : `pad_to_multiple_of=${multiple}`,
  ];
  return `Collator(${settings.filter(Boolean).join(", ")})`;
}

const SHIFTED_AGAIN = [
  "# The fault: a model that shifts for itself shifts once more.",
  "inputs, targets = inputs[:, :-1], targets[:, 1:]",
];

/** Shift the block. @param {string | null} fault @returns {Part} */
function shiftOf(fault) {
  if (fault === "no_shift") {
    return { names: [], lines: ["# The fault: nothing is shifted, and each target is its own input.", "inputs = targets = block[:, :-1]"] };
  }
  const again = fault === "shifted_twice" ? SHIFTED_AGAIN : [];
  return { names: ["shift_targets"], lines: ["inputs, targets = shift_targets(block)", ...again] };
}

/**
 * What a program with a fault does in place of calling the collator, or after that.
 *
 * @type {Record<string, (state: ReadState) => Part>}
 */
const BROKEN = {
  no_shift: (state) => ({
    names: ["Collator", "keep_spans"],
    lines: [
      ...textsApart(state),
      "inputs = collate.block(texts)[:, :-1]",
      "# The fault: nothing is shifted, and each token is asked for in its own place.",
      "places = [[(start + 1, stop + 1) for start, stop in spans] for spans in collate.spans(texts)]",
      "targets = keep_spans(inputs, places)",
    ],
  }),
  shifted_twice: (state) => ({ names: ["Collator"], lines: [...collated(state), ...SHIFTED_AGAIN] }),
  padding_by_value: (state) => ({
    names: ["Collator", "IGNORE_INDEX", "PAD_ID"],
    lines: [
      ...collated(state),
      "# The fault: pads are found by their value, which the end tokens have, too.",
      "targets[targets == PAD_ID] = IGNORE_INDEX",
    ],
  }),
  end_ignored: (state) => ({
    names: ["Collator", "IGNORE_INDEX"],
    lines: [
      ...textsApart(state),
      "inputs, targets = collate(batch)",
      "# The fault: each row's length leaves out its end token, which is ignored like a pad.",
      "for row, text in zip(targets, texts):",
      // What is cut has lost its end token, but for truncation "keep_end".
      ...(state.truncation === "cut" && state.max_length !== null
        ? ["    if not text.closed:", "        row[text.length - 2] = IGNORE_INDEX"]
        : ["    row[text.length - 2] = IGNORE_INDEX"]),
    ],
  }),
  mask_off_by_one: (state) => ({
    names: ["Collator", "keep_spans", "shift_targets"],
    lines: [
      ...textsApart(state),
      "inputs, targets = shift_targets(collate.block(texts))",
      "# The fault: the mask ends one token late.",
      "late = [[(start + 1, stop) for start, stop in spans] for spans in collate.spans(texts)]",
      "targets = keep_spans(targets, late)",
    ],
  }),
};

/** Make inputs and targets with all that is ignored. @param {ReadState} state @param {Constants} constants @returns {Part} */
function tensorsOf(state, constants) {
  const own = constants.kind?.brokenOf(state, constants);
  if (own) return { names: ["Collator", ...own.names], lines: [`collate = ${collatorOf(state)}`, ...own.lines] };
  const broken = BROKEN[state.fault ?? ""];
  return broken ? broken(state) : { names: ["Collator"], lines: collated(state) };
}

/** @param {ReadState} state */
function collated(state) {
  return [`inputs, targets = ${collatorOf(state)}(batch)`];
}

/** @param {ReadState} state */
function textsApart(state) {
  return [`collate = ${collatorOf(state)}`, "texts = collate.texts(batch)"];
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

/**
 * Tell whether the page, its address or what was kept may hold a conversation.
 *
 * @param {string} id
 * @param {State} own the page's
 */
export function mayHoldTalks(id, own) {
  if (isTalk(own.entries[0])) return true;
  const start = `#batch=${id}.`;
  const { hash } = location;
  try {
    if (hash.startsWith(start) && hash.length <= MOST_SIGNS && isTalk(unpacked(hash.slice(start.length)).state.entries[0])) return true;
  } catch {
    // Whatever the link holds, it is no conversation; who reads it says what is wrong.
  }
  return Boolean(stowed(id)?.includes("messages"));
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
