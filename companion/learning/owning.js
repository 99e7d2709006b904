/**
 * A batch of one's own: rows and tasks that follow from a learner's name, with their answers:
 * the twin of `companion/owning.py`, which says how they are drawn, and why.
 */

import { foldName, numberOf } from "./naming.js";

/**
 * @typedef {{ids: number[], prompt: number}} Row
 *
 * @typedef {object} Task
 * @property {string} step
 * @property {string} question
 * @property {number[]} answer
 * @property {string} hint
 * @property {boolean} any_order
 * @property {number[][]} table
 */

export const TASKS = 8;
const END = 50256;
const IGNORED = -100;

/** @param {number} count @returns {number[]} */
const range = (count) => Array.from({ length: count }, (_, i) => i);

/** @param {string} name */
function drawer(name) {
  const folded = foldName(name);
  return (/** @type {string} */ what, /** @type {number} */ below) => numberOf(`${folded}\n${what}`) % below;
}

/** @param {string} name @returns {{rows: Row[], tasks: Task[]}} */
export function ownBatch(name) {
  const draw = drawer(name);
  const rows = rowsOf(draw);
  return { rows, tasks: tasksOf(draw, rows) };
}

/** @param {ReturnType<typeof drawer>} draw @returns {Row[]} */
function rowsOf(draw) {
  const count = 3 + draw("rows", 3);
  const width = 7 + draw("longest", 6);
  const longest = draw("longest row", count);
  const speaks = (longest + 1 + draw("end row", count - 1)) % count;
  return range(count).map((at) => {
    const length = at === longest ? width : 4 + draw(`length ${at}`, width - 5);
    const prompt = 2 + draw(`prompt ${at}`, length - 3);
    const ids = range(length).map((place) => 10 + draw(`id ${at} ${place}`, 90));
    for (let place = 1; place < length; place += 1) {
      if (ids[place] === ids[place - 1]) ids[place] = 10 + ((ids[place] - 9) % 90);
    }
    if (at === speaks) ids[prompt + draw("end place", length - 1 - prompt)] = END;
    return { ids, prompt };
  });
}

/** @param {ReturnType<typeof drawer>} draw @param {Row[]} rows @returns {Task[]} */
function tasksOf(draw, rows) {
  const count = rows.length;
  const long = rows.map(({ ids }) => ids.length);
  const width = Math.max(...long);
  const pads = long.reduce((sum, length) => sum + Math.max(width - 1 - length, 0), 0);
  const speaks = rows.findIndex(({ ids }) => ids.includes(END));
  const asked = (speaks + 1 + draw("shift row", count - 1)) % count;
  const place = draw("shift place", long[asked] - 1);
  const graded = (speaks + 1 + draw("mask row", count - 1)) % count;
  const [faultRow, faultPlace, made] = fault(draw, rows, width);
  const lengths = lengthsOf(draw);
  const packs = bestFit(lengths, Math.max(...lengths));
  const any = { any_order: true, table: [] };
  const one = { any_order: false, table: [] };
  return [
    {
      ...one, step: "pad", answer: [count, width + 1],
      question: "How many rows, and how many columns, has the block after Pad?",
      hint: "Every text gets an end token, and the longest decides for all.",
    },
    {
      ...one, step: "pad", answer: [pads, count * width],
      question: "How many slots of the inputs are pads, and how many slots do the inputs have?",
      hint: "The inputs are the block without its last column, and an end token is no pad.",
    },
    {
      ...one, step: "shift", answer: [rows[asked].ids[place + 1], END],
      question: `Nothing is masked. Which ids are the targets of row ${asked} at position ${place} and at position ${long[asked] - 1}?`,
      hint: `A target is the token that comes next; after a text comes its end token, which is ${END}.`,
    },
    {
      ...any, step: "ignore", answer: range(width).slice(long[speaks]),
      question: `Nothing is masked. At which positions are the targets of row ${speaks} ignored?`,
      hint: "An end token inside a text is a token like any other; what comes after the one that Pad appended is ignored.",
    },
    {
      ...any, step: "mask", answer: range(long[graded]).slice(rows[graded].prompt - 1),
      question: `The prompts are masked. At which positions are the targets of row ${graded} graded?`,
      hint: "The last token of the prompt is asked for the first of the response, and the last of the response for the end token.",
    },
    {
      ...one, step: "mask", answer: [rows.reduce((sum, { ids, prompt }) => sum + ids.length - prompt + 1, 0)],
      question: "The prompts are masked. How many targets of the whole batch are graded?",
      hint: "In each row the tokens of the response are graded, and one end token.",
    },
    {
      ...one, step: "audit", answer: [faultRow, faultPlace], table: made,
      question: "The prompts are masked, and one of these targets is wrong. In which row, at which position?",
      hint: `Compare each with the token that comes next; those of prompts and pads are ${IGNORED}, and no others.`,
    },
    {
      ...one, step: "pack", answer: [packs, (lengths.length - packs) * Math.max(...lengths)],
      question:
        `${lengths.length} texts of ${lengths.join(", ")} tokens are packed, the longest first, each where the least room is left over. ` +
        "A pack has as many slots as the longest text has tokens. How many packs are there, and how many slots fewer than the inputs of a block of them have?",
      hint: "A text takes as many slots as it has tokens; a new pack begins where no other has room. The inputs of a batch have a row for each text.",
    },
  ];
}

/** @param {ReturnType<typeof drawer>} draw @param {Row[]} rows @param {number} width @returns {[number, number, number[][]]} */
function fault(draw, rows, width) {
  const targets = rows.map(({ ids, prompt }) => (
    range(width).map((at) => (at >= prompt - 1 && at < ids.length ? [...ids, END][at + 1] : IGNORED))
  ));
  const at = draw("fault row", rows.length);
  const { ids, prompt } = rows[at];
  const moved = prompt - 1 + draw("fault place", ids.length - prompt);
  const kinds = [
    [ids.length - 1, IGNORED],
    [prompt - 1, IGNORED],
    [prompt - 2, ids[prompt - 1]],
    ...(ids.length < width ? [[ids.length, END]] : []),
    ...(ids.includes(END) ? [[ids.indexOf(END) - 1, IGNORED]] : []),
    [moved, ids[moved]],
  ];
  const [place, wrong] = kinds[draw("fault", kinds.length)];
  targets[at][place] = wrong;
  return [at, place, targets];
}

/** @param {ReturnType<typeof drawer>} draw */
function lengthsOf(draw) {
  const count = 6 + draw("packed", 2);
  const longest = 9 + draw("longest packed", 8);
  for (let turn = 0; ; turn += 1) {
    const lengths = range(count).map((at) => 2 + draw(`packed ${at} ${turn}`, longest - 4));
    lengths[draw("longest packed at", count)] = longest;
    if (bestFit(lengths, longest) <= 4) return lengths;
  }
}

/** @param {number[]} lengths @param {number} room @returns {number} */
function bestFit(lengths, room) {
  /** @type {number[]} */
  const rooms = [];
  for (const length of [...lengths].sort((one, other) => other - one)) {
    const fitting = rooms.filter((left) => left >= length);
    const best = fitting.length ? Math.min(...fitting) : room;
    if (fitting.length) rooms.splice(rooms.indexOf(best), 1);
    rooms.push(best - length);
  }
  return rooms.length;
}

/** @param {string} text @param {boolean} anyOrder @returns {number[]} */
export function numbersIn(text, anyOrder) {
  const spread = !anyOrder ? text : text.replace(/([0-9]{1,3}) ?[-\u2013] ?([0-9]{1,3})/g, (_, first, last) => (
    range(Math.max(Number(last) - Number(first) + 1, 0)).map((at) => Number(first) + at).join(" ")
  ));
  return (spread.match(/[0-9]{1,9}/g) ?? []).map(Number);
}

/** @param {Task} task @param {number} number @param {string} typed @returns {{right: boolean, sentence: string}} */
export function checkTask(task, number, typed) {
  const given = numbersIn(typed, task.any_order);
  const told = `Task ${number}, ${task.step}:`;
  if (!given.length) return { right: false, sentence: `${told} not attempted yet` };
  const compared = task.any_order ? [...new Set(given)].sort((one, other) => one - other) : given;
  const right = compared.join() === task.answer.join();
  return { right, sentence: right ? `${told} right.` : `${told} not yet. ${task.hint}` };
}

// Tables -------------------------------------------------------------------------------------

/** @param {Row[]} rows */
export function tableHtml(rows) {
  const cells = rows.map(({ ids, prompt }) => ids.map((id, at) => {
    const [role, spoken] = at < prompt ? ["instruction", "prompt"] : ["response", "response"];
    return `<td data-role="${role}">${id}<span class="bt-spoken">, ${spoken}</span></td>`;
  }));
  const legend = [["instruction", "prompt"], ["response", "response"]].map(([role, word]) => `<li><i data-role="${role}"></i>${word}</li>`);
  return tableOf("Your rows, before any step", "", cells, `<ul class="bt-legend" aria-label="What the looks mean" hidden>${legend.join("")}</ul>`);
}

/** @param {Task} task */
export function targetsHtml({ table }) {
  return table.length ? tableOf("Targets, as somebody made them", " targets", table.map((row) => row.map((id) => `<td>${id}</td>`))) : "";
}

/** @param {string} name @param {string} kind @param {string[][]} rows @param {string} legend */
function tableOf(name, kind, rows, legend = "") {
  const positions = range(Math.max(...rows.map((row) => row.length))).map((at) => `<th scope="col">${at}</th>`).join("");
  const body = rows.map((row, at) => `<tr><th scope="row">row ${at}${kind}</th>${row.join("")}</tr>`).join("");
  return (
    '<div class="batch-table"><div class="bt-scroll" role="region" tabindex="0" ' +
    `aria-label="${name}"><table class="bt" border="1" cellpadding="4">` +
    `<caption><span>${name}</span></caption><thead><tr><th scope="col">position</th>` +
    `${positions}</tr></thead><tbody>${body}</tbody></table></div>${legend}</div>`
  );
}
