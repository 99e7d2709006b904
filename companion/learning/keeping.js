/**
 * What a reader did, as this browser keeps it: exercises solved, turns taken, quizzes, and the
 * name for a line to hand in. Whatever stands in the storage is read as if a stranger had
 * written it, and nothing of it leaves the browser.
 */

import { TURNS } from "./handing.js";
import { foldName } from "./naming.js";

/**
 * @typedef {object} Chapter
 * @property {string} page such as "03_padding"
 * @property {string} name such as "padding"
 * @property {string} title
 * @property {string[]} exercises
 * @property {number} here how many of them can be solved in a page
 * @property {number} questions
 *
 * @typedef {object} Done
 * @property {number[]} solved
 * @property {string[]} turns
 * @property {{right: number, once: number, questions: number} | null} quiz
 */

const PREFIX = "inside-the-batch:";
const MOST_SIGNS = 20_000; // of one value, which may be the draft of an answer
const FORMAT = "Inside the Batch: progress 1";
const SAID = ["", "once", "later", "tried"];

/** @param {string} key @returns {string} "" where nothing is kept */
export function get(key) {
  try {
    return localStorage.getItem(PREFIX + key) ?? "";
  } catch {
    return ""; // a browser may keep nothing
  }
}

/** @param {string} key @param {string} value "" keeps nothing */
export function set(key, value) {
  try {
    if (value) localStorage.setItem(PREFIX + key, value);
    else localStorage.removeItem(PREFIX + key);
  } catch {
    // Then it is not kept, and the page works without.
  }
}

/** @returns {string[]} */
function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)).sort();
  } catch {
    return [];
  }
}

/** @param {string} value @returns {string[] | null} what was said to each question */
function quizOf(value) {
  try {
    const found = JSON.parse(value);
    return Array.isArray(found) && found.length < 100 && found.every((said) => SAID.includes(said)) ? found : null;
  } catch {
    return null;
  }
}

/** @param {string[]} said */
function scoreOf(said) {
  const once = said.filter((one) => one === "once").length;
  return { right: once + said.filter((one) => one === "later").length, once };
}

/** @param {string} value @param {number} most @returns {number[]} */
function numbersOf(value, most) {
  const all = Array.from({ length: most }, (_, i) => i + 1);
  return all.filter((number) => value.split(" ").includes(String(number)));
}

/** @param {Chapter} chapter @returns {Done} */
export function doneOf({ page, name, exercises, questions }) {
  const said = (quizOf(get(`quiz:${page}`)) ?? []).slice(0, questions);
  return {
    solved: exercises.flatMap((exercise, i) => (get(`solved:${exercise}`) === "1" ? [i + 1] : [])),
    turns: TURNS.filter((turn) => get(`turn:${name}:${turn}`) === "1"),
    quiz: questions ? { ...scoreOf(said), questions } : null,
  };
}

/** @param {Chapter} chapter @returns {"" | "begun" | "done"} */
export function stageOf(chapter) {
  const { solved, turns, quiz } = doneOf(chapter);
  const right = quiz?.right ?? 0;
  if (solved.length >= chapter.here && right === chapter.questions) return "done";
  return solved.length || right || turns.length ? "begun" : "";
}

/** Say what was done in a chapter. @param {Chapter} chapter */
export function sayDone(chapter) {
  const { solved, turns, quiz } = doneOf(chapter);
  return [
    `${solved.length} of ${chapter.exercises.length} exercises solved`,
    ...(quiz ? [`${quiz.right} of ${quiz.questions} questions of the quiz answered right, ${quiz.once} of them at once`] : []),
    ...(turns.length ? [`your turn taken at ${turns.join(", ")}`] : []),
  ].join("; ");
}

/** Give the numbers of one's own tasks that are solved. @param {string} name @param {number} most */
export function ownSolved(name, most) {
  return numbersOf(get(`own:${foldName(name)}`), most);
}

/** @param {string} name @param {number} task @param {number} most */
export function solveOwn(name, task, most) {
  const solved = [...ownSolved(name, most), task].sort((one, other) => one - other);
  set(`own:${foldName(name)}`, [...new Set(solved)].join(" "));
}

// To a file and back ------------------------------------------------------------------------

/** Give all that is kept, as the text of a file. */
export function exported() {
  return `${JSON.stringify({ format: FORMAT, kept: Object.fromEntries(keys().map((key) => [key, get(key)])) }, null, 1)}\n`;
}

/**
 * How two values of one key become one, by what the key begins with; null for what is none.
 *
 * @type {[RegExp, (theirs: string, ours: string) => string | null][]}
 */
const MERGED = [
  [/^(?:solved:\w{1,60}|turn:[a-z_]{1,40}:[a-z]{1,10})$/, (theirs) => (theirs === "1" ? "1" : null)],
  [/^quiz:\w{1,60}$/, (theirs, ours) => {
    const said = quizOf(theirs);
    if (!said) return null;
    return scoreOf(said).right > scoreOf(quizOf(ours) ?? []).right || !ours ? JSON.stringify(said) : ours;
  }],
  [/^own:[^\n]{1,200}$/, (theirs, ours) => (/^[0-9]{1,2}(?: [0-9]{1,2})*$/.test(theirs) ? numbersOf(`${theirs} ${ours}`, 99).join(" ") : null)],
  [/^(?:answer:\w{1,60}|name|path)$/, (theirs, ours) => ours || theirs],
];

/**
 * Add what a file holds to what is kept; nothing that is here is lost.
 *
 * @param {string} text
 * @returns {number} of what was not here before; raises an error, in a sentence, for another file
 */
export function imported(text) {
  /** @type {any} */
  let read = null;
  try {
    read = JSON.parse(text);
  } catch {
    // Then it is no such file.
  }
  const entries = read?.format === FORMAT && read.kept && typeof read.kept === "object" ? Object.entries(read.kept) : null;
  if (!entries) throw new Error("this is no file that was saved here");
  const merged = entries.slice(0, 2000).flatMap(([key, theirs]) => {
    const rule = MERGED.find(([pattern]) => pattern.test(key));
    if (!rule || typeof theirs !== "string" || theirs.length > MOST_SIGNS) return [];
    const value = rule[1](theirs, get(key));
    return value && value !== get(key) ? [[key, value]] : [];
  });
  for (const [key, value] of merged) set(key, value);
  return merged.length;
}

/** Forget all of it: drafts and name, too. */
export function forget() {
  for (const key of keys()) set(key, "");
}
