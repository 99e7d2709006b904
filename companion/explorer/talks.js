/**
 * Conversations, in a browser: their first step and what is supervised of them. This is
 * `talks.py` once more, with the templates of `templates.py`, what `chatting.py` makes of them,
 * and the rules of `libraries.py`; tests hold the two equal.
 *
 * A page loads this where it has a conversation, and nowhere else. `frames.js` takes what is
 * exported here in the place of what it does with an entry itself; all steps between are its own.
 */

import { Refused, isObject, shown, toHex } from "./frames.js";

/**
 * @typedef {import("./frames.js").Talk} Talk
 * @typedef {import("./frames.js").Message} Message
 * @typedef {import("./frames.js").ReadState} ReadState
 * @typedef {import("./frames.js").Row} Row
 * @typedef {import("./frames.js").Text} Text
 * @typedef {import("./frames.js").Turn} Turn
 * @typedef {import("./frames.js").Span} Span
 * @typedef {import("./frames.js").Tokenizer} Tokenizer
 * @typedef {import("./frames.js").Constants} Constants
 */

/**
 * @typedef {object} Template a chat template that is data; see `Template` in `templates.py`
 * @property {string} name
 * @property {string} header
 * @property {string} end
 * @property {string} after
 * @property {string[]} markers
 * @property {Record<string, string>} roles
 * @property {string} beginning
 * @property {string} system
 * @property {boolean} folds_system
 * @property {boolean} trims
 * @property {boolean} alternates
 * @property {string} thinking
 * @property {{result: string, result_role: string} | null} tools
 */

/** @typedef {{text: string, kind: string, message: number | null, special: boolean}} Piece */

/** @typedef {{owner: number | null, role: string, text: string}} Said */

// The state -------------------------------------------------------------------------------

/**
 * @param {unknown} talk
 * @param {number} number
 * @param {Constants} constants
 * @returns {Talk}
 */
export function readEntry(talk, number, { most_messages: most, message_roles: roles }) {
  if (!isObject(talk) || Object.keys(talk).join() !== "messages") {
    throw new Error(`entry ${number} is no conversation, which is an object of messages; a batch holds conversations alone, or none`);
  }
  const { messages } = /** @type {{messages: unknown}} */ (talk);
  if (!Array.isArray(messages) || messages.length < 1 || messages.length > most) {
    throw new Error(`entry ${number}: messages are a list of 1 to ${most}`);
  }
  return { messages: messages.map((message, at) => readMessage(message, `entry ${number}, message ${at}`, roles)) };
}

/** @param {unknown} message @param {string} where @param {string[]} roles @returns {Message} */
function readMessage(message, where, roles) {
  if (isObject(message) && Object.keys(message).sort().join() === "content,role") {
    const { role, content } = /** @type {Message} */ (message);
    if (roles.includes(role) && typeof content === "string") return { role, content: content.replace(/\p{Surrogate}/gu, "\uFFFD") };
  }
  throw new Error(`${where} is no object of role and content, the role one of ${roles.join(", ")}, the content a text`);
}

/** @param {unknown} style @param {Constants} constants @returns {any} */
export function readStyle(style, { styles }) {
  if (typeof style === "string" && Object.hasOwn(styles, style)) return styles[style];
  throw new Error(`there is no chat template ${shown(style)}; there are ${Object.keys(styles).join(", ")}`);
}

/** @param {Talk} talk */
export function textsIn({ messages }) {
  return messages.map(({ content }) => content);
}

// What is said in each turn, as the template has it ----------------------------------------

// As Python has it: a browser's own `trim` takes U+FEFF for space, and U+001C and U+0085 for none.
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const AT_EDGES = new RegExp(`^${SPACE}|${SPACE}$`, "g");

/** @param {Message[]} messages @param {Template} template @returns {Said[]} */
function saidIn(messages, template) {
  const { roles, tools, trims } = template;
  const known = new Set([...Object.keys(roles), ...(tools ? ["tool"] : [])]);
  const hasOwn = messages[0].role === "system";
  const asked = lastQuestion(messages);
  const said = systemOf(messages[0], template);
  messages.forEach((message, number) => {
    if (!known.has(message.role)) {
      throw new Refused(
        `message ${number + 1} of the conversation is from '${message.role}', and template ` +
          `'${template.name}' knows the roles ${[...known].join(", ")}`,
      );
    }
    if (number === 0 && hasOwn) return;
    /** @type {Said} */
    let own = { owner: number, role: message.role, text: message.content };
    if (own.role === "assistant") own.text = withThinking(own.text, template.thinking, number > asked, number === messages.length - 1);
    if (own.role === "tool" && tools) {
      own = { ...own, role: tools.result_role, text: tools.result.split("{content}").join(own.text) };
      // Results that are no turns of their own share one.
      const before = own.role !== "tool" && messages[number - 1]?.role === "tool" ? said.pop() : undefined;
      if (before) own = { ...before, text: `${before.text}\n${own.text}` };
    }
    said.push({ ...own, text: trims ? own.text.replace(AT_EDGES, "") : own.text });
  });
  return folded(said, template);
}

/** @param {Message} first @param {Template} template @returns {Said[]} */
function systemOf(first, { system, trims, folds_system: folds }) {
  const hasOwn = first.role === "system";
  const text = hasOwn ? first.content : system;
  if (!text && !hasOwn) return [];
  return [{ owner: hasOwn ? 0 : null, role: "system", text: trims && !folds ? text.replace(AT_EDGES, "") : text }];
}

/** @param {Said[]} said @param {Template} template */
function folded(said, { name, folds_system: folds, alternates }) {
  const system = folds && said[0].role === "system" ? said.shift() : undefined;
  if (system && said.length) said[0] = { ...said[0], text: `${system.text}\n\n${said[0].text}` };
  said.forEach(({ owner, role }, place) => {
    if (alternates && role !== ["user", "assistant"][place % 2]) {
      throw new Refused(
        `template '${name}' wants questions and answers to take turns, the first a question; ` +
          `message ${(owner ?? 0) + 1} is from '${role}'`,
      );
    }
  });
  if (!said.length) throw new Refused(`template '${name}' has no turn for a system message alone`);
  return said;
}

/** @param {string} text @param {string} thinking @param {boolean} isCurrent @param {boolean} isLast */
function withThinking(text, thinking, isCurrent, isLast) {
  if (thinking === "refused") return text;
  const parts = text.split("</think>");
  const isThere = parts.length > 1;
  const thought = isThere ? (parts[0].replace(/\n+$/, "").split("<think>").at(-1) ?? "").replace(/^\n+/, "") : "";
  const words = isThere ? (parts.at(-1) ?? "").replace(/^\n+/, "") : text;
  const isShown = thinking === "kept" || (thinking === "last" && isCurrent && (isLast || thought !== ""));
  return isShown ? `<think>\n${thought.replace(/^\n+|\n+$/g, "")}\n</think>\n\n${words.replace(/^\n+/, "")}` : words;
}

/** Give the number of the last question that is no result of a tool in disguise. @param {Message[]} messages */
function lastQuestion(messages) {
  const found = messages
    .map(({ role, content }) => role === "user" && !(content.startsWith("<tool_response>") && content.endsWith("</tool_response>")))
    .lastIndexOf(true);
  return found < 0 ? messages.length - 1 : found;
}

// Pieces, tokens and turns ------------------------------------------------------------------

/** @param {Talk} talk @param {Template} template @returns {Piece[]} */
function piecesOf({ messages }, template) {
  const beginning = { text: template.beginning, kind: "beginning", message: null, special: true };
  const said = saidIn(messages, template).flatMap(({ owner, role, text }) => [
    ...headerOf(role, template, owner),
    { text, kind: "text", message: owner, special: false },
    ...marked(template.end, "end", owner, template),
    ...marked(template.after, "after", owner, template),
  ]);
  return [beginning, ...said].filter(({ text }) => text);
}

/** @param {string} role @param {Template} template @param {number | null} message */
function headerOf(role, template, message) {
  return marked(template.header.split("{role}").join(template.roles[role]), "header", message, template);
}

/**
 * Cut fixed text of the template at its markers.
 *
 * @param {string} text
 * @param {string} kind
 * @param {number | null} message
 * @param {Template} template
 * @returns {Piece[]}
 */
function marked(text, kind, message, { markers }) {
  const pattern = markers.map((marker) => marker.replace(/[|\\{}()[\]^$+*?.]/g, "\\$&")).join("|");
  return text
    .split(new RegExp(`(${pattern})`))
    .filter(Boolean)
    .map((part) => ({ text: part, kind, message, special: markers.includes(part) }));
}

/** @type {Record<string, string>} */
const OF_ANSWERS = { header: "header", text: "response", end: "end", after: "suffix" };

/** @param {Piece} piece @param {Message[]} messages */
function roleOf({ kind, message }, messages) {
  if (message === null) return "template";
  const { role } = messages[message];
  if (role === "assistant") return OF_ANSWERS[kind];
  if (kind !== "text") return "template";
  return role === "user" ? "instruction" : "input";
}

/** @param {Piece} piece @param {Tokenizer} tokenizer @param {Constants} constants */
function idsOf({ text, kind, special }, tokenizer, constants) {
  if (kind === "beginning") return [/** @type {number} */ (constants.begin_id)];
  return special && Object.hasOwn(constants.special, text) ? [constants.special[text]] : tokenizer.encode(text);
}

/**
 * @param {Talk} talk
 * @param {ReadState} state
 * @param {Tokenizer} tokenizer
 * @param {Constants} constants
 * @returns {Row} an error, `Refused`, where the template has no place for the conversation
 */
export function makeRow(talk, { style, fault }, tokenizer, constants) {
  const pieces = piecesOf(talk, /** @type {any} */ (style));
  const beginsTwice = fault === "two_beginnings" && constants.begin_id !== null;
  /** @type {(id: number, role: string) => import("./frames.js").Token} */
  const token = (id, role) => ({ id, bytes: toHex(tokenizer.bytes(id)), role });
  const tokens = beginsTwice ? [token(/** @type {number} */ (constants.begin_id), "template")] : [];
  /** @type {Map<number, Record<string, [number, number]>>} */
  const places = new Map();
  for (const piece of pieces) {
    const role = roleOf(piece, talk.messages);
    const begin = tokens.length;
    for (const id of idsOf(piece, tokenizer, constants)) tokens.push(token(id, role));
    const { message, kind } = piece;
    if (message === null || talk.messages[message].role !== "assistant") continue;
    const own = places.get(message) ?? {};
    places.set(message, { ...own, [kind]: [own[kind]?.[0] ?? begin, tokens.length] });
  }
  /** @type {Turn[]} */
  const turns = [...places.values()].map(({ header, end, after }) => [header[0], header[1], end[1], (after ?? end)[1]]);
  return { pieces: pieces.map((piece) => [roleOf(piece, talk.messages), piece.text]), tokens, turns, closed: true, place: null };
}

// What is supervised ------------------------------------------------------------------------

/** @type {(from: number, to: number) => (turns: Turn[]) => Span[]} */
const every = (from, to) => (turns) => turns.map((turn) => [/** @type {number} */ (turn[from]), /** @type {number} */ (turn[to])]);
/** @type {(rule: (turns: Turn[]) => Span[]) => (turns: Turn[]) => Span[]} */
const last = (rule) => (turns) => rule(turns).slice(-1);

const [HEADER, START, END, STOP] = [0, 1, 2, 3]; // the parts of a turn

/** @type {Record<string, (turns: Turn[]) => Span[]>} */
const RULES = {
  "every answer": every(START, END),
  "last answer": last(every(START, END)),
  "every answer and what follows": every(START, STOP),
  "last answer and what follows": last(every(START, STOP)),
  "every answer and its header": every(HEADER, END),
  TRL: every(START, STOP),
  axolotl: every(START, END),
  "LLaMA-Factory": every(START, STOP),
  torchtune: (turns) => [...every(HEADER, STOP)(turns.slice(0, -1)), ...last(every(HEADER, END))(turns)],
  "tinker-cookbook": every(START, END),
  nanochat: every(START, END),
};

/**
 * Give the positions that are supervised, in a text as it was cut.
 *
 * @param {Text} text
 * @param {ReadState} state
 * @param {Tokenizer} tokenizer
 * @param {Constants} constants
 * @returns {Span[]}
 */
export function spansOf({ slots, turns }, { mask, style }, tokenizer, constants) {
  const template = /** @type {Template} */ (/** @type {any} */ (style));
  if (mask === "everything") return turns.length ? [[0, slots.length]] : [];
  if (mask === "Unsloth") return unsloth(slots.map(({ id }) => id), template, tokenizer, constants);
  const spans = RULES[mask](turns);
  return mask === "TRL" && template.name === "qwen2.5" ? spans.map(([start, stop]) => [start - 1, stop]) : spans;
}

/**
 * Supervise from behind each answer's header to its end token, or to before the next turn.
 *
 * @param {number[]} ids
 * @param {Template} template
 * @param {Tokenizer} tokenizer
 * @param {Constants} constants
 */
function unsloth(ids, template, tokenizer, constants) {
  const [question, answer] = ["user", "assistant"].map((role) =>
    headerOf(role, template, null).flatMap((piece) => idsOf(piece, tokenizer, constants)),
  );
  const differs = question.findIndex((id, i) => id !== answer[i]);
  const shared = question.slice(0, differs < 0 ? question.length : differs);
  const special = Object.values(constants.special);
  const opener = shared.every((id) => special.includes(id)) ? shared : [];
  const before = [question, answer, opener, [/** @type {number} */ (constants.begin_id)]].filter((wanted) => wanted.length);
  /** @type {Span[]} */
  const spans = [];
  for (let begin = find(ids, answer, 0); begin >= 0; ) {
    const start = begin + answer.length;
    const end = find(ids, [constants.end_id], start);
    const stops = [...before.map((wanted) => find(ids, wanted, start)), end < 0 ? -1 : end + 1].filter((stop) => stop >= 0);
    const stop = Math.min(ids.length, ...stops);
    if (start < stop) spans.push([start, stop]);
    begin = find(ids, answer, stop);
  }
  return spans;
}

/** @param {number[]} ids @param {number[]} wanted @param {number} start @returns {number} -1 for nowhere */
function find(ids, wanted, start) {
  for (let at = start; at + wanted.length <= ids.length; at += 1) {
    if (wanted.every((id, i) => ids[at + i] === id)) return at;
  }
  return -1;
}
