/**
 * What the explorer says: what a step did, what the batch comes to, what is wrong with it, and
 * what a cell asks of the model. Takes frames and lines; gives sentences, some as HTML.
 */

import { MASK_REASONS, STEPS, TITLES, escape, isBefore, joined, plain, quoted } from "./lines.js";

/**
 * @typedef {import("./frames.js").State} State
 * @typedef {import("./frames.js").Frames} Frames
 * @typedef {import("./lines.js").Cell} Cell
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./explorer.js").Constants} Constants
 */

/** @type {Record<string, string>} */
const FAULT_NAMES = {
  no_shift: "no shift",
  shifted_twice: "shifted twice",
  padding_by_value: "padding found by its value",
  end_ignored: "end token ignored",
  mask_off_by_one: "mask one off",
  prompt_cut_differently: "prompt cut differently",
};
/** @type {Record<string, string>} */
const WOULD_LEARN = {
  no_shift: "The model would learn to repeat the token it was just given.",
  shifted_twice: "The model would learn to leave out every other token.",
  padding_by_value: "Whatever holds the pad's id is taken for a pad, each end token too: the model would never learn to stop.",
  end_ignored: "The lengths leave the end tokens out, so that each is taken for a pad: the model would never learn to stop.",
  mask_off_by_one: "The model would never learn the first token of an answer.",
  prompt_cut_differently:
    "Where a token lies across the border, the model would train on other ids than it is given later.",
};
/** @type {Record<string, string>} */
const MASK_NAMES = {
  none: "nothing",
  prompt: "the prompt",
  prompt_without_header: "the prompt without its header",
};
/** @type {Record<string, string>} */
const WHY = {
  pad: "it is a pad",
  prompt: "it is part of the prompt, which is masked",
  lost: "of this row's response nothing is left",
  value: "its id is that of a pad, and pads are found by their value",
  uncounted: "the length of its row was counted without it",
  late: "the mask ends one token late",
};

/** What a step says of targets that it ignored, and that are no pads. @type {Record<string, string>} */
const IGNORED_TOO = {
  lost: "because nothing of their row's response is left",
  unanswered: "because their conversation has no answer",
  value: "because their id is that of a pad",
  uncounted: "because the length of their row leaves it out",
};
/** What a fault would have changed, and why there is nothing of it. @type {Record<string, string>} */
const SPARED = {
  "nothing-left": "all targets of this batch are ignored anyway",
  alike: "each target is the id that its input has, shifted or not",
  "no-end": "every text is cut before its end token, so that none is there to ignore",
  unmasked: "nothing is masked, so that no mask can end late",
  "no-prompt": "these rows have nothing before the response that could be masked, and a row's first token is asked for nowhere",
  "no-text": "bare ids are not encoded",
  apart: "no token holds the end of a prompt and the beginning of a response, so that the texts encoded at once have the same ids",
  hidden: "of the ids that it changed, none is left at this maximum length or asked for with this mask",
};

/** @type {Record<string, Record<string, string>>} */
const WORDS = { faults: FAULT_NAMES, learn: WOULD_LEARN, masks: MASK_NAMES, why: WHY, spared: SPARED };

/**
 * Give words of one kind: names, or reasons; of conversations some have others.
 *
 * @param {"faults" | "learn" | "masks" | "why" | "spared"} part
 * @param {import("./frames.js").Constants} [constants]
 * @returns {Record<string, string>}
 */
export function wordsFor(part, constants) {
  return { ...WORDS[part], ...constants?.kind?.words[part] };
}

/** @param {(string | number)[]} things */
function listed(things) {
  return things.length < 2 ? things.join("") : `${things.slice(0, -1).join(", ")} and ${things.at(-1)}`;
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

/** @param {Frames} frames @param {State} state @param {string} step @param {Constants} [constants] @returns {string} */
export function sentenceOf(frames, state, step, constants) {
  const own = constants?.kind?.sentenceOf(frames, state, step);
  if (own) return own;
  const { rows, batch, tally, refusal } = frames;
  const style = typeof state.style === "object" ? state.style.name : state.style;
  if (step === "format") {
    return rows.every((row) => row.pieces.length)
      ? `Each entry became one text, in the prompt style ${style}.`
      : "Bare ids have no text; their first step is Tokenize.";
  }
  if (step === "tokenize") {
    const counts = listed(rows.map((row) => row.tokens.length));
    return rows.length > 1 ? `The ${rows.length} texts became ${counts} token ids.` : `The text became ${counts} token ids.`;
  }
  if (batch === null || tally === null) return `There is no batch: ${refusal}.`;
  const [height] = tally.shape;
  const whys = batch.why.flat();
  /** @type {(why: string) => number} */
  const count = (why) => whys.filter((own) => own === why).length;
  if (step === "pad") {
    return (
      `After each text stands one end token, then pads up to the longest row: a block of shape ` +
      `(${height}, ${batch.block[0].length}).`
    );
  }
  if (step === "shift") {
    return [
      "Nothing was shifted: each target is its own input.",
      "Inputs are the block without its last column, targets the block without its first: each target is the token that comes next.",
      "The targets were shifted twice: each is the token after the next.",
    ][batch.shift];
  }
  if (step === "ignore") {
    const pads = count("pad");
    const others = Object.entries(IGNORED_TOO).filter(([reason]) => count(reason));
    const all = others.reduce((sum, [reason]) => sum + count(reason), pads);
    const parts = [`${pads} ${pads === 1 ? "is a pad" : "are pads"}`, ...others.map(([reason, words]) => `${count(reason)} ${words}`)];
    if (others.length) return `${all} of ${tally.targets} targets became -100, the ignore index: ${listed(parts)}.`;
    return `${pads} of ${tally.targets} targets are pads and became -100, the ignore index: no one is graded on padding.`;
  }
  const masked = MASK_NAMES[state.mask ?? "none"];
  if (rows.every((row) => row.pieces.length === 0)) return "Bare ids have no prompt: this step leaves the targets as they are.";
  if (state.mask === "none") {
    return `Nothing is masked: this step leaves the targets as they are, ${tally.supervised} of ${tally.targets} to learn from.`;
  }
  const late = count("late");
  return (
    `With ${masked} masked, ${count("prompt") + late} more targets became -100` +
    (late ? `, ${late} of them because the mask ends one token late; ` : "; ") +
    `${tally.supervised} of ${tally.targets} are left to learn from.`
  );
}

/**
 * Count what there is at a step, of what that step has made: text, block, inputs and targets.
 *
 * @param {Frames} frames
 * @param {string} step
 */
export function tallyOf({ rows, batch, tally, refusal, warnings }, step) {
  const tokens = rows.map((row) => row.tokens.length).reduce((sum, length) => sum + length, 0);
  if (step === "format") return "";
  if (step === "tokenize") return `${tokens} tokens in all`;
  if (tally === null || batch === null) return escape(`${refusal}`);
  const [height, width] = tally.shape;
  const grids = `inputs and targets of shape (${height}, ${width}) each`;
  const slots = batch.roles.flat();
  const pads = slots.filter((role) => role === "pad").length;
  const block =
    `a block of shape (${height}, ${batch.block[0].length}): ${slots.length - pads} tokens, end tokens among them, ` +
    `and ${pads} pads`;
  const share = `of ${height * width} inputs, ${tally.pads} are pads, a padding share of ${percent(tally.padding_share)}`;
  const left = step === "ignore" ? batch.why.flat().filter((why) => why === null || MASK_REASONS.includes(why)).length : tally.supervised;
  const supervised = `${left} of ${tally.targets} targets supervised (${percent(tally.targets ? left / tally.targets : 0)})`;
  const dropped = rows.flatMap((row, number) =>
    row.place === null ? [`Entry ${number + 1} was dropped: its ${row.tokens.length} tokens are more than the maximum length`] : [],
  );
  const parts = { pad: [block], shift: [grids, share, `from ${block}`] }[step] ?? [grids, supervised, share];
  const notes = [refusal, ...warnings, ...dropped].filter(Boolean);
  return parts.join("; ") + notes.map((sentence) => `. ${escape(String(sentence))}`).join("");
}

/**
 * Name the rows that a finding speaks of, as `name_places` in `findings.py` does.
 *
 * @param {number[]} rows
 * @param {number} count of the batch's rows
 */
export function placesOf(rows, count) {
  if (rows.length === 1) return `Row ${rows[0]}`;
  if (rows.length === count) return "Every row";
  return `Rows ${rows.length > 6 ? `${rows.slice(0, 5).join(", ")} and ${rows.length - 5} more` : listed(rows)}`;
}

/**
 * Give a finding's sentence, word for word that of a `Report`.
 *
 * @param {import("./frames.js").Finding} finding
 * @param {string} sentence with slots
 * @param {number} count
 */
export function wordsOf({ rows, slots }, sentence, count) {
  const words = /** @type {Record<string, string>} */ ({ ...slots, where: placesOf(rows, count) });
  return sentence.replace(/\{([a-z]+)\}/g, (_, name) => words[name] ?? "");
}

/** @param {import("./frames.js").Finding} finding @param {Constants} constants @param {number} count @param {string} [cure] of the fault that is known */
export function findingOf(finding, { rules }, count, cure = "") {
  const rule = rules[finding.code];
  const sentence = wordsOf(finding, rule.sentence, count);
  return (
    `<li><strong>${rule.severity}</strong> <code>${finding.code}</code>: ${escape(sentence)} ` +
    `<em>${escape(rule.severity === "error" && cure ? cure : rule.cure)}</em></li>`
  );
}

/**
 * Say what is wrong with a batch, as HTML: what its fault does, and what an audit finds. A fault
 * belongs to a step; before that, nothing of it is told but where it is.
 *
 * @param {State} state
 * @param {Frames} frames
 * @param {Frames | null} healthy the frames without the fault
 * @param {Constants} constants
 * @param {string} step
 */
export function judgedOf(state, frames, healthy, constants, step) {
  const own = state.fault ? constants.faults[state.fault] : step;
  const isEarly = isBefore(step, own);
  const seen = isEarly ? healthy : frames;
  const count = seen?.batch?.inputs.length ?? 0;
  const list = (seen?.findings ?? []).map((finding) => findingOf(finding, constants, count, isEarly ? "" : constants.kind?.words.cures[state.fault ?? ""])).join("");
  const later = `This batch is broken at ${TITLES[STEPS.indexOf(own)]}; up to here nothing is changed.`;
  const said = state.fault && frames.batch ? (isEarly ? later : learnedOf(state, frames, constants)) : "";
  const offer = isEarly ? null : offerOf(state, frames, constants);
  const button = offer ? ` <button type="button" data-offer>${escape(offer.label)}</button>` : "";
  return (said ? `<p>${said}${button}</p>` : "") + (list ? `<ul>${list}</ul>` : "");
}

/** Say what a model would learn from a batch with a fault. @param {State} state @param {Frames} frames @param {Constants} [constants] */
export function learnedOf({ fault, mask }, frames, constants) {
  if (!fault) return "";
  if (frames.spared) return `This fault changes nothing that is learned here: ${wordsFor("spared", constants)[frames.spared]}.`;
  if (fault === "mask_off_by_one" && mask === "prompt_without_header") return "The model would never learn the first token of the response header.";
  const same = " In this batch that comes to the same as with the end token ignored, since no text holds the id itself.";
  return wordsFor("learn", constants)[fault] + (isAtEndsAlone(fault, frames) ? same : "");
}

/** Whether pads that are found by their value are the end tokens and no others. @param {string} fault @param {Frames} frames */
function isAtEndsAlone(fault, { batch }) {
  if (fault !== "padding_by_value" || batch === null) return false;
  return batch.why.every((row, place) => row.every((why, j) => why !== "value" || batch.roles[place][j + batch.shift] === "end"));
}

/**
 * Offer a batch in which a fault is to be seen that changes nothing here, or the same as another:
 * the words of a button, and what of the state it changes. Null where the fault is seen as it is.
 *
 * @param {State} state
 * @param {Frames} frames
 * @param {Constants} constants
 * @returns {{label: string, part: Partial<State>} | null}
 */
export function offerOf(state, frames, { kind, samples }) {
  const { fault } = state;
  if (!fault || frames.batch === null) return null;
  if (kind) return kind.offerOf(state, frames);
  const { spared } = frames;
  if (spared === null && !isAtEndsAlone(fault, frames)) return null;
  if (spared === "no-end" && fault === "end_ignored") return { label: "Let the texts be whole", part: { max_length: null } };
  if (spared === "unmasked" && hasPrompt(frames)) return { label: "Mask the prompt", part: { mask: "prompt" } };
  const sample = SHOWN_BY[fault];
  /** @type {Partial<State>} */
  const part = { entries: samples[sample], style: "alpaca", max_length: null };
  if (fault === "mask_off_by_one") part.mask = "prompt";
  return { label: `Show it in the sample ${sample}`, part };
}

/** Samples in which each fault changes what no other does. @type {Record<string, string>} */
const SHOWN_BY = {
  no_shift: "Toy batch",
  shifted_twice: "Toy batch",
  padding_by_value: "Two texts in one row",
  end_ignored: "Toy batch",
  mask_off_by_one: "Ocassion",
  prompt_cut_differently: "An answer on a new line",
};

/** Whether a row has a prompt, and after it a first token to learn. @param {Frames} frames */
function hasPrompt({ rows, batch }) {
  return rows.some(({ turns, place }) => place !== null && turns.some(([, start]) => start > 0 && batch?.why[place][start - 1] === null));
}

/**
 * Say what a cell asks of the model, or what it is.
 *
 * @param {Line[]} lines of the cell's row
 * @param {string} name
 * @param {number} position
 * @param {Constants} constants
 */
export function detailOf(lines, name, position, constants) {
  const line = lines.find((own) => own.name === name);
  const cell = line?.cells[position];
  if (!cell) return "";
  const is = `${quoted(plain(cell))}, id ${cell.id}, position ${position}, ${constants.roles[cell.role]}`;
  if (!name || name === "block") return is;
  const [inputs, targets] = lines.slice(-2);
  const before = joined(inputs.cells.slice(Math.max(0, position - 7), position + 1));
  const given = `Given ${position > 7 ? "… " : ""}${quoted(before)}`;
  const target = targets.cells[position];
  if (target.why !== null) return `${given} nothing is asked: not graded, because ${wordsFor("why", constants)[target.why]}.`;
  return `${given} the model must say ${quoted(plain(target))} (id ${target.id}).`;
}
