/**
 * The frames, in a browser: all that the explorer draws, as one function of what its reader
 * has chosen.
 *
 * This is `frames.py` once more, for a page without Python. It takes the same state and gives
 * the same frames, to the number and to the sentence: tests hold the two equal, on stored
 * fixtures and on thousands of random states. `frames.schema.json` describes both ends. What
 * a style, a default or an id is comes from Python as data (`constants()` there), and how a
 * text becomes tokens is the business of the tokenizer that is handed in.
 *
 * A state is never changed. What the companion would refuse is no error here, but a `refusal`
 * in the frames; an error is thrown only for a state that is none.
 */

/** @typedef {{instruction: string, input: string, output: string}} Entry */

/** @typedef {{role: string, content: string}} Message */

/** @typedef {{messages: Message[]}} Talk a conversation */

/**
 * @typedef {object} PromptStyle the fixed text around an entry's fields
 * @property {string} name
 * @property {string} instruction holds the slot `{instruction}` exactly once
 * @property {string} input holds the slot `{input}` exactly once
 * @property {string} closing
 * @property {string} header
 * @property {string} suffix
 */

/**
 * @typedef {object} State what the reader has chosen; all but `entries` may be left out
 * @property {(Entry | number[] | Talk)[]} entries entries, or bare rows of ids; or conversations alone
 * @property {string | Partial<PromptStyle>} [style]
 * @property {string} [mask]
 * @property {number | null} [max_length]
 * @property {string} [truncation]
 * @property {number | null} [pad_to_multiple_of]
 * @property {string | null} [fault]
 */

/** @typedef {Required<State> & {style: PromptStyle}} ReadState */

/**
 * @typedef {object} Tokenizer
 * @property {(text: string) => number[]} encode ids of a text, no special ones among them
 * @property {(id: number) => Uint8Array} bytes what an id stands for
 */

/**
 * @typedef {object} Constants what `frames.py` gives with `constants()`
 * @property {Record<string, PromptStyle>} styles
 * @property {Record<string, string>} style_defaults
 * @property {Record<string, string>} roles labels by role
 * @property {string[]} masks
 * @property {string[]} truncations
 * @property {Record<string, string[]>} masked the roles whose targets each mask leaves out
 * @property {Record<string, string>} faults the step of each
 * @property {string[]} codes of every finding, in the order in which they are named
 * @property {Required<Omit<State, "entries">>} defaults
 * @property {number} most_entries
 * @property {number} most_characters of all entries together, in UTF-16 units
 * @property {number} most_style_characters
 * @property {number} most_ids of one row
 * @property {number} most_length
 * @property {number} most_multiple
 * @property {number} end_id
 * @property {string} end_text
 * @property {number} pad_id
 * @property {number | null} begin_id
 * @property {number} ignore_index
 * @property {Record<string, string>} added the role that a fault supervises; of conversations, as
 *   all that follows
 * @property {Record<string, string>} left_out the role that a fault ignores
 * @property {Record<string, number>} special ids of markers
 * @property {string[]} message_roles
 * @property {number} most_messages
 * @property {Talks} [kind] what is done with a conversation where something else is with an entry
 * @property {Constants} [base] those of entries
 */

/**
 * @typedef {object} Kind what a kind of batch has of its own: how its entries are read, how they
 *   are written and encoded, and what is supervised of them
 * @property {(entry: any, number: number, constants: Constants) => any} readEntry
 * @property {(style: unknown, constants: Constants) => any} readStyle
 * @property {(entry: any) => string[]} textsIn
 * @property {(entry: any, state: ReadState, tokenizer: Tokenizer, constants: Constants) => Row} makeRow
 * @property {(text: Text, state: ReadState, tokenizer: Tokenizer, constants: Constants) => Span[]} spansOf
 */

/** @typedef {Kind & typeof import("./chats.js")} Talks what is known of conversations */

/** @typedef {{id: number, bytes: string | null, role: string}} Token bytes as hex */

/** @typedef {{id: number, role: string}} Slot */

/** @typedef {[start: number, stop: number]} Span positions; stop is the first outside */

/**
 * @typedef {[header: number | null, start: number, end: number, stop: number]} Turn one answer:
 *   where its header and it begin, the first position after its end token, and after what trails
 */

/** @typedef {{slots: Slot[], turns: Turn[]}} Text a text with its end token, and its answers */

/**
 * @typedef {object} Row an entry at steps 1 and 2
 * @property {[role: string, text: string][]} pieces
 * @property {Token[]} tokens
 * @property {Turn[]} turns
 * @property {boolean} closed whether the tokens bring their own end
 * @property {number | null} place which row of the tensors it is, if any
 */

/**
 * @typedef {object} Batch the tensors of steps 3 to 6; the block has N + 1 columns
 * @property {number[][]} block
 * @property {string[][]} roles of the block's slots
 * @property {number[][]} inputs
 * @property {number[][]} targets
 * @property {number} shift target j is the block's token at j + shift
 * @property {(string | null)[][]} why the first reason that ignored a target: at step ignore
 *   "pad", "lost", "unanswered", "value" or "uncounted", at step mask "prompt", "late" or "left-out"; null if supervised
 */

/**
 * @typedef {object} Tally
 * @property {[rows: number, columns: number]} shape
 * @property {number} tokens
 * @property {number} pads
 * @property {number} padding_share
 * @property {number} targets
 * @property {number} supervised
 * @property {number} supervised_share
 */

/**
 * @typedef {object} Frames
 * @property {Row[]} rows
 * @property {Batch | null} batch
 * @property {Tally | null} tally
 * @property {string | null} refusal
 * @property {string[]} warnings
 * @property {Finding[]} findings
 * @property {string | null} spared why the fault changes no number here, where it does not
 */

/**
 * @typedef {object} Finding
 * @property {string} code
 * @property {number[]} rows
 * @property {Record<string, string>} slots what the code's sentence leaves open
 */

/**
 * Give everything that the explorer draws for a state.
 *
 * @param {State} state
 * @param {Tokenizer} tokenizer
 * @param {Constants} constants
 * @returns {Frames}
 */
export function makeFrames(state, tokenizer, constants) {
  return framesOf(readState(state, constants), tokenizer, constantsOf(state, constants));
}

/** What a template has no place for. */
export class Refused extends Error {}

/** What is known of conversations, once their script is there. @type {{talks: (Talks & {constants: object}) | null}} */
export const known = { talks: null };

/** @type {WeakMap<Constants, Constants>} */
const ofTalks = new WeakMap();

/**
 * Give the constants of the kind of batch that a state is: those of entries, or of conversations.
 *
 * @param {unknown} state
 * @param {Constants} constants of either kind
 */
export function constantsOf(state, constants) {
  const base = constants.base ?? constants;
  const entries = isObject(state) ? /** @type {any} */ (state).entries : null;
  if (!known.talks || !Array.isArray(entries) || !isTalk(entries[0])) return base;
  const found = ofTalks.get(base) ?? { ...base, ...known.talks.constants, kind: known.talks, base };
  ofTalks.set(base, found);
  return found;
}

/** Give a state with the defaults of its kind. @param {State} state @param {Constants} constants @returns {State} */
export function withDefaults(state, constants) {
  return { ...constantsOf(state, constants).defaults, ...state };
}

/** Tell whether an entry is a conversation. @param {unknown} entry @returns {entry is Talk} */
export function isTalk(entry) {
  return isObject(entry) && Object.hasOwn(entry, "messages");
}

/** @param {ReadState} chosen @param {Tokenizer} tokenizer @param {Constants} constants */
function makeRows(chosen, tokenizer, constants) {
  const { makeRow } = constants.kind ?? ENTRIES;
  /** @type {string | null} */
  let refusal = null;
  const rows = chosen.entries.map((entry, number) => {
    try {
      return makeRow(entry, chosen, tokenizer, constants);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refusal ??= `row ${number} of the batch: ${error.message}`;
      return { pieces: [], tokens: [], turns: [], closed: true, place: null };
    }
  });
  return { rows, refusal };
}

/**
 * @param {ReadState} chosen
 * @param {Tokenizer} tokenizer
 * @param {Constants} constants
 * @param {Row[]} [before] the rows, if they were made before
 * @returns {Frames}
 */
function framesOf(chosen, tokenizer, constants, before) {
  const { rows, refusal } = before ? { rows: before, refusal: null } : makeRows(chosen, tokenizer, constants);
  /** @type {Frames} */
  const frames = { rows, batch: null, tally: null, refusal, warnings: [], findings: [], spared: null };
  frames.refusal ??= refuseRows(rows) ?? refuseLengths(chosen) ?? refuseLong(rows, chosen);
  if (frames.refusal !== null) return frames;

  const { max_length: limit, truncation } = chosen;
  const kept = rows.filter((row) => truncation !== "drop" || !isLong(row, limit));
  kept.forEach((row, place) => (row.place = place));

  const texts = kept.map((row) => truncated(textOf(row, constants), limit, truncation, constants));
  const lost = texts.map((text, place) => kept[place].turns.length > 0 && text.turns.length === 0);
  if (lost.some(Boolean) && !lost.every(Boolean)) frames.warnings = [responsesLost(lost, chosen)];
  const { spansOf } = constants.kind ?? ENTRIES;
  const spans = texts.map((text) => spansOf(text, chosen, tokenizer, constants));
  if (spans.every((own) => own.length === 0)) frames.refusal = nothingLeft(kept, chosen);

  const width = widthOf(texts, chosen);
  const slots = texts.map((text) => filled(text, width, constants));
  const gone = kept.map((row, place) => (row.turns.length ? (lost[place] ? "lost" : null) : "unanswered"));
  frames.batch = makeBatch(slots, spans, gone, chosen.fault, constants);
  frames.tally = count(frames.batch);
  frames.findings = findingsOf(kept, frames.batch, texts, spans, chosen.mask, constants);
  if (chosen.fault !== null) {
    const isOfRows = constants.faults[chosen.fault] === "tokenize";
    const healthy = framesOf({ ...chosen, fault: null }, tokenizer, constants, isOfRows ? undefined : rows);
    frames.spared = sparedOf(chosen, frames, healthy, constants);
  }
  return frames;
}

/**
 * Say why a fault changes no number of a batch, or null where it changes one; the reasons are
 * those of `_spared` in `frames.py`.
 *
 * @param {ReadState} state
 * @param {Frames} broken
 * @param {Frames} healthy
 * @param {Constants} constants
 */
function sparedOf({ fault, mask }, broken, healthy, { masks, added, kind, pad_id }) {
  const [now, right] = [broken.batch, healthy.batch];
  if (now === null || right === null) return null;
  if (!isSame(now.inputs, right.inputs) || !isSame(now.targets, right.targets)) return null;
  if (right.why.flat().every((reason) => reason !== null)) return "nothing-left";
  if (fault === "mask_off_by_one") return mask === masks[0] ? "unmasked" : "no-prompt";
  const role = added?.[fault ?? ""];
  if (role) return right.roles.some((row) => row.slice(1).includes(role)) ? "asked" : "no-role";
  const isPads = right.block.some((row, place) => row.some((id, i) => id === pad_id && right.roles[place][i] !== "pad"));
  if (kind && fault === "padding_by_value" && !isPads) return "other-end";
  if (fault !== "prompt_cut_differently") return fault === "no_shift" ? "alike" : "no-end";
  if (broken.rows.every((row) => row.pieces.length === 0)) return "no-text";
  return JSON.stringify(broken.rows) === JSON.stringify(healthy.rows) ? "apart" : "hidden";
}

/** @param {number[][]} grid @param {number[][]} other */
function isSame(grid, other) {
  if (grid.length !== other.length) return false;
  return grid.every((row, i) => row.length === other[i].length && row.every((id, j) => id === other[i][j]));
}

/**
 * Give a tokenizer that knows the texts that a page carries (`carry_tokens` in `frames.py`),
 * and no others: for these, `encode` throws an error.
 *
 * @param {{ids: Record<string, number[]>, bytes: Record<string, string>}} tokens
 * @returns {Tokenizer & {has: (text: string) => boolean}}
 */
export function carriedTokenizer(tokens) {
  const ids = new Map(Object.entries(tokens.ids));
  return {
    has: (text) => ids.has(text),
    encode(text) {
      const found = ids.get(text);
      if (!found) throw new Error(`this page carries no tokens for ${JSON.stringify(text)}`);
      return found;
    },
    bytes: (id) => fromHex(tokens.bytes[id]),
  };
}

// The state -------------------------------------------------------------------------------

/**
 * Check a state, and give it whole: with the defaults, with its style spelled out, and
 * without lone surrogates. An error says what is wrong in one sentence, word for word that of
 * `read_state` in `frames.py`.
 *
 * @param {unknown} given
 * @param {Constants} base
 * @returns {ReadState}
 */
export function readState(given, base) {
  const constants = constantsOf(given, base);
  const { readEntry, readStyle, textsIn } = constants.kind ?? ENTRIES;
  const { defaults, most_entries: most, most_characters: mostCharacters } = constants;
  if (!isObject(given)) throw new Error(`a state is an object; found ${shown(given)}`);
  const names = Object.keys(defaults);
  for (const name of Object.keys(given)) {
    if (name !== "entries" && !names.includes(name)) {
      throw new Error(`a state has no ${shown(name)}, but entries, ${names.join(", ")}`);
    }
  }
  /** @type {Record<string, any>} */
  const whole = { ...defaults, ...given };
  checkChoices(whole, constants);
  checkLengths(whole, constants);
  const entries = Object.hasOwn(given, "entries") ? whole.entries : null;
  if (!Array.isArray(entries) || entries.length < 1 || entries.length > most) {
    throw new Error(`entries are a list of 1 to ${most}`);
  }
  const read = entries.map((entry, number) => readEntry(entry, number, constants));
  const length = lengthOf(read.flatMap(textsIn));
  if (length > mostCharacters) {
    throw new Error(`the entries have ${count1000(length)} characters in all; at most ${count1000(mostCharacters)} are taken`);
  }
  return /** @type {ReadState} */ ({ ...whole, entries: read, style: readStyle(whole.style, constants) });
}

/**
 * Say in a sentence why a state is none, or give "" where it is one.
 *
 * @param {unknown} state
 * @param {Constants} constants
 */
export function refusalOf(state, constants) {
  try {
    readState(state, constants);
    return "";
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

/** @param {Record<string, any>} chosen @param {Constants} constants */
function checkChoices(chosen, { masks, truncations, faults }) {
  /** @type {[string, (string | null)[]][]} */
  const choices = [
    ["mask", masks],
    ["truncation", truncations],
    ["fault", [null, ...Object.keys(faults)]],
  ];
  for (const [name, allowed] of choices) {
    if (!allowed.includes(chosen[name])) {
      throw new Error(`${name} is one of ${allowed.map(String).join(", ")}; found ${shown(chosen[name])}`);
    }
  }
}

/** @param {Record<string, any>} chosen @param {Constants} constants */
function checkLengths(chosen, { most_length, most_multiple }) {
  /** @type {[string, number][]} */
  const lengths = [
    ["max_length", most_length],
    ["pad_to_multiple_of", most_multiple],
  ];
  for (const [name, most] of lengths) {
    const value = chosen[name];
    if (value === null) continue;
    if (!Number.isSafeInteger(value)) throw new Error(`${name} is a whole number or null; found ${shown(value)}`);
    if (value > most) throw new Error(`${name} is at most ${count1000(most)}; found ${value}`);
  }
}

/** @param {unknown} value @returns {value is object} */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Say in a sentence what was found; short, and the same in both languages. @param {unknown} value */
export function shown(value) {
  if (typeof value === "string") {
    // As many code points as Python takes; twice as many units hold them.
    const begin = [...value.slice(0, 82).replace(/\p{Surrogate}/gu, "\uFFFD")];
    return begin.length <= 40 ? begin.join("") : `${begin.slice(0, 40).join("")}…`;
  }
  if (typeof value === "number") return Math.abs(value) < 2 ** 53 ? String(value) : "a number that is not exact";
  if (value === null || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "an object";
}

/** @param {string[]} texts */
function lengthOf(texts) {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** @param {number} number */
function count1000(number) {
  return number.toLocaleString("en");
}

/** @param {unknown} entry @param {number} number @param {Constants} constants @returns {Entry | number[]} */
function readEntry(entry, number, { most_ids: most }) {
  if (Array.isArray(entry)) {
    if (entry.length > most) throw new Error(`entry ${number} has ${count1000(entry.length)} ids; at most ${count1000(most)} are taken`);
    if (entry.length > 0 && entry.every((id) => Number.isSafeInteger(id) && id >= 0)) return entry;
  } else if (isObject(entry) && Object.keys(entry).sort().join() === "input,instruction,output") {
    if (areTexts(entry)) return wellFormed(/** @type {Entry} */ (entry));
  }
  throw new Error(
    `entry ${number} is neither an object of instruction, input and output, each a text, ` +
      "nor a list of ids, each 0 or more",
  );
}

/** @param {unknown} style @param {Constants} constants @returns {PromptStyle} */
function readStyle(style, { styles, style_defaults: defaults, most_style_characters: most }) {
  if (typeof style === "string") {
    if (!Object.hasOwn(styles, style)) {
      const names = Object.keys(styles).join(", ");
      throw new Error(`there is no prompt style ${shown(style)}; there are ${names}`);
    }
    return styles[style];
  }
  const known = ["name", "instruction", ...Object.keys(defaults)];
  /** @type {Record<string, any>} */
  const whole = isObject(style) ? { ...defaults, ...style } : {};
  const isStyle = known.every((name) => Object.hasOwn(whole, name)) && known.length === Object.keys(whole).length;
  if (!isStyle || !areTexts(whole)) {
    throw new Error(`style is a name or an object of texts: ${known.join(", ")}`);
  }
  const length = lengthOf(Object.values(/** @type {object} */ (style)));
  if (length > most) {
    throw new Error(`the prompt style has ${count1000(length)} characters in all; at most ${count1000(most)} are taken`);
  }
  for (const name of ["instruction", "input"]) {
    if (whole[name].split(`{${name}}`).length !== 2) {
      throw new Error(`prompt style: ${name} holds the slot {${name}} exactly once`);
    }
  }
  return wellFormed(/** @type {PromptStyle} */ (whole));
}

/** @param {Entry | number[]} entry @returns {string[]} */
function textsIn(entry) {
  return Array.isArray(entry) ? [] : Object.values(entry);
}

/** @param {object} texts */
function areTexts(texts) {
  return Object.values(texts).every((text) => typeof text === "string");
}

/**
 * Replace each lone surrogate by U+FFFD, so that every text is Unicode that can be encoded.
 *
 * @template {object} T
 * @param {T} texts
 * @returns {T}
 */
function wellFormed(texts) {
  const mended = Object.entries(texts).map(([name, text]) => [
    name,
    text.replace(/\p{Surrogate}/gu, "\uFFFD"),
  ]);
  return Object.fromEntries(mended);
}

// Steps 1 and 2: a text, and its tokens ---------------------------------------------------

/**
 * @param {Entry | number[]} entry
 * @param {ReadState} state
 * @param {Tokenizer} tokenizer
 * @returns {Row}
 */
function makeRow(entry, { style, fault }, tokenizer) {
  if (Array.isArray(entry)) {
    const tokens = entry.map((id) => ({ id, bytes: null, role: "response" }));
    return { pieces: [], tokens, turns: [oneTurn(0, 0, tokens.length + 1)], closed: false, place: null };
  }
  const pieces = piecesOf(entry, style);
  /** @type {(piece: [role: string, text: string]) => boolean} */
  const isAnswer = ([role]) => role === "response" || role === "suffix";
  const prompt = join(pieces.filter((piece) => !isAnswer(piece)));
  const response = join(pieces.filter(isAnswer));

  if (fault === "prompt_cut_differently") {
    // The whole text is encoded at once, and the prompt's ids are counted on the prompt alone.
    const ids = tokenizer.encode(prompt + response);
    const tokens = withRoles(ids, pieces, tokenizer);
    const prompt_length = Math.min(tokenizer.encode(prompt).length, ids.length);
    const header_length = Math.min(tokenizer.encode(style.header).length, prompt_length);
    return { pieces, tokens, turns: [oneTurn(prompt_length, header_length, ids.length + 1)], closed: false, place: null };
  }
  const promptIds = tokenizer.encode(prompt);
  const ids = [...promptIds, ...tokenizer.encode(response)];
  const tokens = withRoles(ids, pieces, tokenizer);
  const header_length = tokens.filter((token) => token.role === "header").length;
  const turns = [oneTurn(promptIds.length, header_length, ids.length + 1)];
  return { pieces, tokens, turns, closed: false, place: null };
}

/**
 * Give the turn of a text that is one prompt and one answer.
 *
 * @param {number} prompt
 * @param {number} header
 * @param {number} length
 * @returns {Turn}
 */
function oneTurn(prompt, header, length) {
  return [prompt - header, prompt, length, length];
}

/** @param {Entry} entry @param {PromptStyle} style @returns {[string, string][]} */
function piecesOf(entry, style) {
  const [before, after] = style.instruction.split("{instruction}");
  /** @type {[string, string][]} */
  const pieces = [
    ["template", before],
    ["instruction", entry.instruction],
    ["template", after],
  ];
  if (entry.input) {
    const [before, after] = style.input.split("{input}");
    pieces.push(["template", before], ["input", entry.input], ["template", after]);
  }
  pieces.push(
    ["template", style.closing],
    ["header", style.header],
    ["response", entry.output],
    ["suffix", style.suffix],
  );
  return pieces.filter(([, text]) => text);
}

/** @param {[string, string][]} pieces */
function join(pieces) {
  return pieces.map(([, text]) => text).join("");
}

/**
 * Give the tokens of a text; each belongs to the piece in which its first byte lies.
 *
 * @param {number[]} ids
 * @param {[string, string][]} pieces
 * @param {Tokenizer} tokenizer
 * @returns {Token[]}
 */
function withRoles(ids, pieces, tokenizer) {
  const utf8 = new TextEncoder();
  /** @type {number[]} where each piece ends, in bytes */
  const ends = [];
  for (const [, text] of pieces) ends.push((ends.at(-1) ?? 0) + utf8.encode(text).length);
  let start = 0;
  let piece = 0;
  return ids.map((id) => {
    while (start >= ends[piece]) piece += 1;
    const bytes = tokenizer.bytes(id);
    start += bytes.length;
    return { id, bytes: toHex(bytes), role: pieces[piece][0] };
  });
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** @param {Uint8Array} bytes */
export function toHex(bytes) {
  let hex = "";
  for (const byte of bytes) hex += HEX[byte];
  return hex;
}

/** @param {string} hex */
function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

// What is refused, in the companion's own words -------------------------------------------

/** @param {Row[]} rows */
function refuseRows(rows) {
  const empty = rows.findIndex((row) => row.tokens.length === 0);
  if (empty < 0) return null;
  return `row ${empty} of the batch: an entry of no tokens has nothing to predict`;
}

/** @param {ReadState} state */
function refuseLengths({ max_length: limit, pad_to_multiple_of: multiple }) {
  if (limit !== null && limit < 1) return `max_length is at least 1; found ${limit}`;
  if (multiple === null) return null;
  if (multiple < 1) return `pad_to_multiple_of is at least 1; found ${multiple}`;
  if (limit === null || limit % multiple === 0) return null;
  return (
    `a width cannot be a multiple of ${multiple} and stay within max_length ${limit}; ` +
    "let max_length be a multiple of it"
  );
}

/** @param {Row} row @param {number | null} limit */
function isLong({ tokens, closed }, limit) {
  return limit !== null && tokens.length - (closed ? 1 : 0) > limit;
}

/** @param {Row[]} rows @param {ReadState} state */
function refuseLong(rows, { max_length: limit, truncation }) {
  const long = rows.flatMap((row, number) =>
    isLong(row, limit) ? [`row ${number} (${row.tokens.length} tokens)`] : [],
  );
  const isAll = long.length === rows.length;
  if (long.length === 0) return null;
  if (truncation !== "error" && !(truncation === "drop" && isAll)) return null;
  const all = truncation === "drop" ? "; that is every row of this batch" : "";
  return `longer than max_length ${limit}: ${long.join(", ")}${all}`;
}

/** @param {Row[]} rows @param {ReadState} state */
function nothingLeft(rows, { mask, max_length: limit }) {
  return (
    `nothing is supervised in this batch: none of its ${rows.length} rows has a target ` +
    `left (mask '${mask}', max_length ${limit ?? "None"})`
  );
}

/** @param {boolean[]} lost @param {ReadState} state */
function responsesLost(lost, { max_length: limit }) {
  const numbers = lost.flatMap((isLost, number) => (isLost ? [number] : []));
  return (
    `max_length ${limit} leaves nothing of the response in rows [${numbers.join(", ")}] of this ` +
    `batch of ${lost.length}; all their targets are ignored`
  );
}

// Steps 3 to 6: the block, and what is learned from it ------------------------------------

/** @param {Text[]} texts @param {ReadState} state */
function widthOf(texts, { max_length: limit, pad_to_multiple_of: multiple }) {
  const longest = Math.max(...texts.map((text) => text.slots.length)) - 1;
  const width = multiple === null ? longest : Math.ceil(longest / multiple) * multiple;
  return limit === null ? width : Math.min(width, limit);
}

/** @param {Row} row @param {Constants} constants @returns {Text} */
function textOf({ tokens, turns, closed }, { end_id }) {
  return { slots: closed ? tokens : [...tokens, { id: end_id, role: "end" }], turns };
}

/**
 * Cut a text to what fits; the twin of `truncate` in `truncating.py`.
 *
 * @param {Text} text
 * @param {number | null} limit
 * @param {string} truncation "cut" or "keep_end"; the others leave no text that is too long
 * @param {Constants} constants
 * @returns {Text}
 */
function truncated(text, limit, truncation, { end_id }) {
  if (limit === null || text.slots.length - 1 <= limit) return text;
  const width = limit + 1;
  // Of a text that is cut, "keep_end" keeps one token less, to put the end token there.
  const kept = truncation === "cut" ? width : limit;
  const slots = text.slots.slice(0, kept);
  // An answer that ends there has its end.
  const isEnded = text.turns.some(([, , end, stop]) => end <= kept && kept <= stop);
  if (kept < width && !isEnded) slots.push({ id: end_id, role: "end" });
  const turns = text.turns
    .filter(([, start]) => start < kept)
    .map(([header, start, end, stop]) =>
      /** @type {Turn} */ (end <= kept ? [header, start, end, Math.min(stop, kept)] : [header, start, slots.length, slots.length]),
    );
  return { slots, turns: turns.filter(([, , end]) => end > 1) };
}

/**
 * Give a row of the block, one slot more than `width`: a text with its end token, and pads.
 *
 * @param {Text} text
 * @param {number} width
 * @param {Constants} constants
 * @returns {Slot[]}
 */
function filled({ slots }, width, { pad_id }) {
  const pads = Array(width + 1 - slots.length).fill({ id: pad_id, role: "pad" });
  return [...slots, ...pads];
}

/**
 * Give the positions that the mask leaves supervised, in the text with its end token.
 *
 * @param {Text} text
 * @param {ReadState} state
 * @returns {Span[]}
 */
function spansOf({ slots, turns }, { mask }) {
  if (mask === "none") return turns.length ? [[0, slots.length]] : [];
  return turns.map(([header, start, end]) => [mask === "prompt" ? start : (header ?? start), end]);
}

/** What is done with entries, and bare ids. @type {Kind} */
const ENTRIES = { readEntry, readStyle, textsIn, makeRow, spansOf };

/**
 * Shift, ignore and mask; with a fault, as a program does that has it.
 *
 * @param {Slot[][]} slots
 * @param {Span[][]} spans of each row; none where it lost its response
 * @param {(string | null)[]} gone why a row has no answer left, if so
 * @param {string | null} fault
 * @param {Constants} constants
 * @returns {Batch}
 */
function makeBatch(slots, spans, gone, fault, { pad_id, ignore_index, added, left_out }) {
  const shift = fault === "no_shift" ? 0 : fault === "shifted_twice" ? 2 : 1;
  const width = slots[0].length - Math.max(shift, 1);
  const columns = Array.from({ length: width }, (_, column) => column);

  /**
   * Tell what first ignored the target at a position of the block, or null where nothing did.
   *
   * @type {(slot: Slot, position: number, own: Span[], left: string | null) => string | null}
   */
  const reason = (slot, position, own, left) => {
    const isOn = own.some(([start, stop]) => start <= position && position < stop);
    if (slot.role === "pad") return "pad";
    if (left && !isOn) return left; // whatever the mask, it has nothing to teach
    if (!left && added?.[fault ?? ""] === slot.role) return null;
    if (fault === "padding_by_value" && slot.id === pad_id) return "value";
    if (fault === "end_ignored" && slot.role === "end") return "uncounted";
    if (!isOn) return "prompt";
    if (!left && left_out?.[fault ?? ""] === slot.role) return "left-out";
    // Position 0 is no target, so that there a mask that ends late hides nothing.
    return fault === "mask_off_by_one" && position > 0 && own.some(([start]) => start === position) ? "late" : null;
  };
  const why = slots.map((row, place) =>
    columns.map((column) => reason(row[column + shift], column + shift, spans[place], gone[place])),
  );
  return {
    block: slots.map((row) => row.map((slot) => slot.id)),
    roles: slots.map((row) => row.map((slot) => slot.role)),
    inputs: slots.map((row) => columns.map((column) => row[column].id)),
    targets: slots.map((row, place) =>
      columns.map((column) => (why[place][column] ? ignore_index : row[column + shift].id)),
    ),
    shift,
    why,
  };
}

/**
 * Name what is wrong, from what each slot is there for; in the order of the rules.
 *
 * @param {Row[]} rows
 * @param {Batch} batch
 * @param {Text[]} texts
 * @param {Span[][]} spans
 * @param {string} mask
 * @param {Constants} constants
 * @returns {Finding[]}
 */
function findingsOf(rows, batch, texts, spans, mask, { codes, end_id, end_text, begin_id, masked, masks }) {
  const every = rows.map((_, number) => number);
  const width = batch.inputs[0].length;
  const pads = batch.roles.flatMap((row) => row.slice(0, width)).filter((role) => role === "pad").length;
  const typed = toHex(new TextEncoder().encode(end_text));
  /** @type {(role: string) => boolean} */
  const isText = (role) => role !== "end" && role !== "pad";
  /** @type {Record<string, number[]>} */
  const found = {};
  /** @type {Record<string, Record<string, string>>} */
  const slots = { "prompt-supervised": { mask }, "response-ignored": { mask } };
  if (2 * pads > rows.length * width) {
    found["mostly-padding"] = every;
    slots["mostly-padding"] = { share: `${roundHalfEven(100 * (1 - (rows.length * width - pads) / (rows.length * width)))}%` };
  }
  /** @type {(code: string, number: number) => number} */
  const add = (code, number) => (found[code] ??= []).push(number);
  rows.forEach((row, number) => {
    const roles = batch.roles[number];
    const hex = row.tokens.map((token, i) => (roles[i] && isText(roles[i]) && token.id !== end_id ? (token.bytes ?? "") : "")).join("");
    if (!row.closed && borderMoved(row, roles, masked.prompt)) add("border-moved", number);
    let at = hex.indexOf(typed);
    while (at % 2 === 1) at = hex.indexOf(typed, at + 1); // a byte begins at an even place
    if (at >= 0) add("special-typed", number);
    if (batch.block[number].some((id, i) => i > 0 && id === end_id && SAID.includes(roles[i]))) {
      add("special-in-text", number);
    }
    if (batch.block[number].slice(0, 2).every((id) => id === begin_id)) add("begins-twice", number);
  });
  if (found["special-typed"]) slots["special-typed"] = { name: `'${end_text}'` };
  if (batch.why.flat().every((reason) => reason !== null)) found["nothing-supervised"] = every;
  else {
    every.forEach((number) => {
      /** @type {(position: number) => boolean} */
      const isWanted = (position) =>
        masked[mask]
          ? !masked[mask].includes(batch.roles[number][position])
          : spans[number].some(([start, stop]) => start <= position && position < stop);
      rowCodes(batch, number, texts[number], isWanted, mask === masks[0]).forEach((code) => add(code, number));
    });
  }
  return codes.filter((code) => found[code]).map((code) => ({ code, rows: found[code], slots: slots[code] ?? {} }));
}

/** The roles of what somebody said; all else is fixed text, and may hold special ids. */
const SAID = ["instruction", "input", "response"];

/** Round as Python writes a number without decimals. @param {number} number */
function roundHalfEven(number) {
  const rounded = Math.round(number);
  return number % 1 === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

/**
 * Tell whether a token of a row is partly prompt, partly response.
 *
 * @param {Row} row
 * @param {string[]} roles of the slots that the batch has of it
 * @param {string[]} ofPrompt the roles of a prompt
 */
function borderMoved(row, roles, ofPrompt) {
  const prompt = row.pieces.filter(([role]) => ofPrompt.includes(role)).map(([, text]) => text);
  const border = new TextEncoder().encode(prompt.join("")).length;
  let stop = 0;
  return row.tokens.some((token, i) => {
    if (token.bytes === null || roles[i] === undefined || roles[i] === "end" || roles[i] === "pad") return false;
    const start = stop;
    stop += token.bytes.length / 2;
    return start < border && border < stop;
  });
}

/**
 * Give the codes of what is wrong with one row of a batch that has something to learn.
 *
 * @param {Batch} batch
 * @param {number} number
 * @param {Text} text
 * @param {(position: number) => boolean} isWanted whether a position should be supervised
 * @param {boolean} isUnmasked
 * @returns {Set<string>}
 */
function rowCodes(batch, number, { turns }, isWanted, isUnmasked) {
  const why = batch.why[number];
  const roles = batch.roles[number];
  if (why.every((reason) => reason !== null)) {
    return new Set([why.includes("lost") ? "response-lost" : "row-not-supervised"]);
  }
  if (batch.shift !== 1) return new Set([batch.shift === 0 ? "not-shifted" : "shifted-twice"]);
  const [, last, end] = turns.at(-1) ?? [0, 0, 0]; // an end before the last answer is one within the text
  const codes = new Set(turns.length && roles[end - 1] !== "end" ? ["response-cut"] : []);
  why.forEach((reason, column) => {
    const role = roles[column + 1];
    if (role === "pad" || isWanted(column + 1) === (reason === null)) return;
    if (reason === null) codes.add("prompt-supervised");
    else if (role === "end" && column + 1 >= last) codes.add("end-ignored");
    else codes.add(isUnmasked ? "text-ignored" : "response-ignored");
  });
  return codes;
}

/** @param {Batch} batch @returns {Tally} */
function count({ roles, inputs, why }) {
  const width = inputs[0].length;
  const slots = inputs.length * width;
  const pads = roles.flatMap((row) => row.slice(0, width)).filter((role) => role === "pad").length;
  const targets = why.flat().length;
  const supervised = why.flat().filter((reason) => reason === null).length;
  return {
    shape: [inputs.length, width],
    tokens: slots - pads,
    pads,
    padding_share: slots ? pads / slots : 0,
    targets,
    supervised,
    supervised_share: targets ? supervised / targets : 0,
  };
}
