/**
 * Conversations in the explorer: their boxes, what is said of them in other words than of an
 * entry, and the Python that makes their batch. What they are made into is `talks.js`; a page
 * loads both where it has a conversation.
 */

import { escape } from "./lines.js";

/**
 * @typedef {import("./frames.js").Talk} Talk
 * @typedef {import("./frames.js").State} State
 * @typedef {import("./frames.js").ReadState} ReadState
 * @typedef {import("./frames.js").Frames} Frames
 * @typedef {import("./frames.js").Constants} Constants
 * @typedef {import("./lines.js").Cell} Cell
 * @typedef {import("./sharing.js").Part} Part
 */

// The boxes ---------------------------------------------------------------------------------

/** What a batch, and its choices, are called. */
export const names = {
  one: "Conversation",
  all: "The conversations of this batch",
  add: "Add a conversation",
  style: "Chat template",
  mask: "Supervised",
};

/** Give a conversation for the reader to begin with. @returns {Talk} */
export function empty() {
  return { messages: ["user", "assistant"].map((role) => ({ role, content: "" })) };
}

/**
 * Give the boxes of a conversation: one for each message's text, and who speaks beside it.
 *
 * @param {Talk} talk
 * @param {number} number
 * @param {string} prefix
 * @param {Constants} constants
 */
export function boxesOf({ messages }, number, prefix, { message_roles: roles, most_messages: most }) {
  const last = messages.length - 1;
  const boxes = messages.map(({ role, content }, at) => {
    const id = `${prefix}-${number}-${at}`;
    const where = `message ${at + 1} of conversation ${number + 1}`;
    /** @type {(act: string, label: string, sign: string, isOff: boolean) => string} */
    const button = (act, label, sign, isOff) =>
      `<button type="button" data-act="${act}:${at}" data-entry="${number}" aria-label="${label} ${where}"${isOff ? " disabled" : ""}>${sign}</button>`;
    const options = roles.map((own) => `<option${own === role ? " selected" : ""}>${own}</option>`).join("");
    return (
      `<div class="be-message-box"><select id="${id}-role" data-entry="${number}" data-field="${at}:role" aria-label="Who speaks in ${where}">${options}</select>` +
      `<span>${button("up", "Move up", "↑", at === 0)}${button("down", "Move down", "↓", at === last)}${button("drop", "Remove", "✕", last === 0)}</span>` +
      `<textarea id="${id}" rows="1" data-entry="${number}" data-field="${at}:content" dir="auto" spellcheck="false" aria-label="Text of ${where}">\n${escape(content)}</textarea></div>`
    );
  });
  const add = `<button type="button" data-act="add:${last}" data-entry="${number}"${messages.length < most ? "" : " disabled"}>Add a message<span class="bt-spoken"> to conversation ${number + 1}</span></button>`;
  return boxes.join("") + add;
}

/**
 * Give the conversation that what was typed or chosen makes of another.
 *
 * @param {Talk} talk
 * @param {HTMLTextAreaElement | HTMLSelectElement} box
 * @returns {Talk}
 */
export function edited({ messages }, box) {
  const [at, part] = (box.dataset.field ?? "").split(":");
  return { messages: messages.map((message, i) => (i === Number(at) ? { ...message, [part]: box.value } : message)) };
}

/**
 * Add, remove or move a message.
 *
 * @param {Talk} talk
 * @param {string} act what is to be done, and to which message
 * @returns {{entry: Talk, field: string}} the conversation, and the box to go on in
 */
export function acted({ messages }, act) {
  const [what, place] = act.split(":");
  const at = Number(place);
  const made = [...messages];
  if (what === "add") made.push({ role: made[at].role === "user" ? "assistant" : "user", content: "" });
  else if (what === "drop") made.splice(at, 1);
  else made.splice(at + (what === "up" ? -1 : 1), 0, ...made.splice(at, 1));
  const to = { add: at + 1, drop: Math.max(0, at - 1), up: at - 1, down: at + 1 }[what];
  return { entry: { messages: made }, field: `${to}:content` };
}

// What is said ------------------------------------------------------------------------------

const LIBRARIES = ["TRL", "axolotl", "LLaMA-Factory", "torchtune", "tinker-cookbook", "Unsloth", "nanochat"];

/** @type {Record<string, Record<string, string>>} words in the place of those for entries */
export const words = {
  masks: Object.fromEntries(LIBRARIES.map((name) => [name, `as ${name} does`])),
  faults: {
    ends_left_out: "no end of turn supervised",
    questions_supervised: "question supervised",
    headers_supervised: "header supervised",
    two_beginnings: "two beginnings",
  },
  learn: {
    padding_by_value:
      "In this vocabulary the pad is the end of turn. Whoever finds pads by their value ignores each end of turn, too: the model would never learn to stop.",
    ends_left_out: "No target asks for the end of a turn: the model would answer, and never learn to stop.",
    questions_supervised: "The model would learn to ask the user's questions, too.",
    headers_supervised: "The model would learn to write the header of an answer, which it is given when it is asked.",
    two_beginnings: "The text begins twice here, and once when the model is asked: every later token stands one place further on than it will.",
  },
  cures: {
    ends_left_out: "Let an answer's span take in the end that the template writes.",
    questions_supervised: "Let spans come of the assistant's turns alone.",
    headers_supervised: "Let an answer's span begin behind its header.",
  },
  why: {
    prompt: "it is not among what is supervised",
    lost: "of this conversation's answers nothing is left",
    unanswered: "this conversation has no answer to learn",
    "left-out": "the mask leaves out the end of each answer",
  },
  spared: {
    "no-end": "no end that would be supervised is left at this maximum length",
    unmasked: "everything is supervised, so that no span can begin late",
    "no-prompt": "no span of what is supervised has a first token that is asked for",
    "other-end": "the end of turn of this template has no id in this vocabulary, so that none is a pad's",
    "no-role": "no conversation here has what this fault would supervise",
    asked: "what is chosen as supervised has it anyway",
    "nothing-left": "all targets of this batch are ignored anyway",
  },
};

/**
 * Say what a step did, where it did something else than with entries; "" where it did not.
 *
 * @param {Frames} frames
 * @param {State} state
 * @param {string} step
 */
export function sentenceOf({ rows, batch, tally, refusal }, { mask = "", style }, step) {
  const isRefused = rows.some((row) => row.tokens.length === 0);
  if (isRefused && (step === "format" || step === "tokenize")) return `There is no text for every conversation: ${refusal}.`;
  if (step === "format") return `Each conversation became one text, by the chat template ${style}.`;
  if (batch === null || tally === null) return "";
  if (step === "pad") {
    return (
      `Each conversation brings its own ends, so that none is appended; after its last token stand pads up to the ` +
      `longest row: a block of shape (${tally.shape[0]}, ${batch.block[0].length}).`
    );
  }
  if (step !== "mask") return "";
  const out = batch.why.flat().filter((why) => ["prompt", "late", "left-out"].includes(String(why))).length;
  const chosen = words.masks[mask] ?? mask;
  return `Supervised: ${chosen}. ${out} more targets became -100; ${tally.supervised} of ${tally.targets} are left to learn from.`;
}

/** Say why a target should be graded. @param {Cell} cell @param {string} where */
export function hintOf({ role }, where) {
  const parts = /** @type {Record<string, string>} */ ({
    end: "it ends an answer that is supervised, so that the model learns to stop",
    header: "it belongs to the header of an answer, which is supervised here",
    response: "it belongs to an answer that is supervised",
    suffix: "it follows the end of an answer, and is supervised here",
  });
  return `${where} should be graded: ${parts[role] ?? "it is supervised here"}.`;
}

/**
 * Offer a choice with which a fault is to be seen that changes nothing here.
 *
 * @param {State} state
 * @param {Frames} frames
 * @returns {{label: string, part: Partial<State>} | null}
 */
export function offerOf({ max_length: limit }, { spared }) {
  if (spared === "no-end" && limit) return { label: "Let the texts be whole", part: { max_length: null } };
  if (spared === "other-end") return { label: "Write it in ChatML", part: { style: "chatml", max_length: null } };
  if (spared === "unmasked" || spared === "asked") return { label: "Supervise every answer", part: { mask: "every answer" } };
  return null;
}

// As Python ---------------------------------------------------------------------------------

/** @param {Talk} talk */
function literalOf({ messages }) {
  const said = messages.map(({ role, content }) => `Message(${JSON.stringify(role)}, ${JSON.stringify(content)}),`);
  return `Conversation((${said.join(" ")}))`;
}

/** Name the template, and what is supervised. @param {ReadState} state @returns {Part} */
export function styleOf({ style, mask }) {
  const { name } = /** @type {{name: string}} */ (/** @type {any} */ (style));
  const lines = [`template = ${JSON.stringify(name)}`];
  if (mask === "everything") return { names: [], lines };
  const isLibrary = LIBRARIES.includes(mask);
  const chosen = isLibrary ? `LIBRARIES[${JSON.stringify(mask)}].rule(template)` : `SUPERVISION[${JSON.stringify(mask)}]`;
  return { names: [isLibrary ? "LIBRARIES" : "SUPERVISION"], lines: [...lines, `mask = ${chosen}`] };
}

/** @param {ReadState} state @returns {Part} */
function talksOf({ entries }) {
  const rows = entries.map((talk) => `    ${literalOf(/** @type {Talk} */ (talk))},`);
  return { names: ["Conversation", "Message"], lines: ["talks = [", ...rows, "]"] };
}

/** @param {ReadState} state @returns {Part} */
export function textsOf(state) {
  const { names: own, lines } = talksOf(state);
  return { names: [...own, "text_of"], lines: [...lines, "for talk in talks:", "    print(text_of(talk, template))"] };
}

/** @param {ReadState} state @param {Constants} constants @returns {Part} */
export function batchOf(state, { begin_id: begin }) {
  const { names: own, lines } = talksOf(state);
  const made = { names: [...own, "tokenize_conversation"], lines: [...lines, "batch = [tokenize_conversation(talk, template) for talk in talks]"] };
  if (state.fault !== "two_beginnings") return made;
  return {
    names: [...made.names, "TokenizedEntry"],
    lines: [
      "def begin_twice(entry):",
      "    # The fault: the tokenizer puts its beginning before a text that has one.",
      "    turns = [[place + 1 for place in turn] for turn in entry.turns]",
      `    return TokenizedEntry([${begin}, *entry.ids.tolist()], turns, closed=True)`,
      "",
      "",
      ...made.lines,
      "batch = [begin_twice(entry) for entry in batch]",
    ],
  };
}

/** Count the ids of a turn's end, which a fault leaves out. @param {ReadState} state @param {Constants} constants @returns {Part} */
function endsOf({ style }, { special }) {
  const { end } = /** @type {{end: string}} */ (/** @type {any} */ (style));
  if (Object.hasOwn(special, end)) return { names: [], lines: ["end = 1  # how many tokens end a turn"] };
  return { names: ["adapt_tokenizer"], lines: [`end = len(adapt_tokenizer("smollm2").encode(${JSON.stringify(end)}))`] };
}

/**
 * What a program with a fault does, line by line, where it is a fault of chats alone.
 *
 * @param {ReadState} state
 * @param {Constants} constants
 * @returns {Part | null}
 */
export function brokenOf(state, constants) {
  const { fault, truncation, max_length: limit } = state;
  const isEnded = truncation === "keep_end" && limit !== null; // what is cut has an end in the last place
  // Texts that are dropped have no row.
  const whole = truncation === "drop" && limit !== null;
  const own = whole ? ["texts = collate.texts(batch)"] : [];
  if (fault === "padding_by_value") {
    return {
      names: ["IGNORE_INDEX"],
      lines: [
        "inputs, targets = collate(batch)",
        "# The fault: pads are found by their value, which each end of turn has, too.",
        "targets[targets == collate.pad_id] = IGNORE_INDEX",
      ],
    };
  }
  if (fault === "ends_left_out") {
    const ends = endsOf(state, constants);
    return {
      names: ["IGNORE_INDEX", ...ends.names],
      lines: [
        ...ends.lines,
        ...own,
        "inputs, targets = collate(batch)",
        "# The fault: the mask keeps each answer's text, and leaves its end out.",
        `for row, entry in zip(targets, ${whole ? "texts" : "batch"}):`,
        "    for turn in entry.turns:",
        "        row[turn.end - 1 - end : turn.end - 1] = IGNORE_INDEX",
        ...(isEnded ? [`    if entry.length - 1 > ${limit}:`, `        row[${Number(limit) - 1}] = IGNORE_INDEX`] : []),
      ],
    };
  }
  if (fault !== "questions_supervised" && fault !== "headers_supervised") return null;
  const isHeader = fault === "headers_supervised";
  const ends = isHeader ? { names: [], lines: [] } : endsOf(state, constants);
  const stop = isHeader ? "turn.start - 1" : "turn.end - 1 - end";
  const answers = isHeader ? "" : ", answers=lambda message: message.role == \"user\"";
  return {
    names: ["keep_spans", "shift_targets", ...ends.names],
    lines: [
      ...ends.lines,
      "texts = collate.texts(batch)",
      "inputs, shifted = shift_targets(collate.block(texts))",
      "targets = keep_spans(shifted, collate.spans(texts))",
      ...(isHeader
        ? ["# The fault: the mask keeps the header of each answer, too.", "asked = batch"]
        : ["# The fault: the mask keeps the questions, too.", `asked = [tokenize_conversation(talk, template${answers}) for talk in talks]`]),
      ...(whole ? [`asked = [entry for entry in asked if entry.length - 1 <= ${limit}]`] : []),
      "for row, own, entry, text in zip(targets, shifted, asked, texts):",
      "    for turn in entry.turns if text.turns else ():  # without an answer nothing is learned",
      `        start, stop = max(turn.${isHeader ? "header" : "start"}, 1) - 1, ${stop}`,
      ...(isEnded ? ["        if entry.length - 1 > " + limit + ":", `            stop = min(stop, ${Number(limit) - 1})`] : []),
      "        row[start:stop] = own[start:stop]",
    ],
  };
}

