/**
 * A line to hand in: a chapter's work as one short line with a name and a sum: the twin of
 * `companion/handing.py`, which says what the line is, and what it is not.
 */

import { clean, cleanName, numberOf } from "./naming.js";

/**
 * @typedef {object} Work
 * @property {string} name
 * @property {string} chapter
 * @property {number[]} solved
 * @property {number} exercises
 * @property {string[] | null} turns
 * @property {{right: number, once: number, questions: number} | null} quiz
 */

export const VERSION = 1;
export const TURNS = ["shift", "ignore", "mask"];
const PARTS = 7;
const SIGNS = "0123456789abcdefghjkmnpqrstvwxyz";
const SOLVED = /^exercises (none|[0-9]{1,2}(?: [0-9]{1,2})*) of ([0-9]{1,2})$/;
const TAKEN = /^turns (not counted|none|[a-z]+(?: [a-z]+)*)$/;
const QUIZ = /^quiz (?:not counted|([0-9]{1,2}) of ([0-9]{1,2}), ([0-9]{1,2}) at once)$/;

/** @param {Work} work @returns {string} raises an error, in a sentence, for a name that is none */
export function writeLine({ name, chapter, solved, exercises, turns, quiz }) {
  const parts = [
    `Inside the Batch ${VERSION}`,
    cleanName(name),
    chapter,
    `exercises ${solved.join(" ") || "none"} of ${exercises}`,
    `turns ${turns === null ? "not counted" : turns.join(" ") || "none"}`,
    quiz === null ? "quiz not counted" : `quiz ${quiz.right} of ${quiz.questions}, ${quiz.once} at once`,
  ];
  return [...parts, sumOf(parts)].join(" | ");
}

/** @param {string} line @returns {Work} raises an error, in a sentence, where it cannot be read */
export function readLine(line) {
  const parts = line.replace(/[\r\n][\t >]*/g, " ").split("|").map(clean);
  const mark = parts[0].match(/^Inside the Batch ([0-9]+)$/);
  if (!mark) {
    throw new Error(
      `a line to hand in begins with "Inside the Batch ${VERSION} |"; found "${short(parts[0])}": copy it from its beginning`,
    );
  }
  if (mark[1] !== String(VERSION)) {
    throw new Error(
      `the line is of version ${mark[1]}, and this is a book that reads version ${VERSION}: take the book that wrote it`,
    );
  }
  const last = parts[parts.length - 1];
  const told = last.toLowerCase().replace(/o/g, "0").replace(/[il]/g, "1");
  if (parts.length < PARTS || (parts.length === PARTS && [...told].length < 7)) {
    const there = parts.slice(0, PARTS - 1).filter(Boolean);
    throw new Error(
      `the line is cut off after "${short(there[there.length - 1])}"; it ends with a sum of 7 signs: copy all of it`,
    );
  }
  if (parts.length > PARTS || [...told].length !== 7 || [...told].some((sign) => !SIGNS.includes(sign))) {
    throw new Error(
      `the line has ${PARTS} parts and ends with a sum of 7 signs; found "${short(last)}" at its end: ` +
      "give one line at a time, and nothing after it",
    );
  }
  if (told !== sumOf(parts.slice(0, -1))) {
    throw new Error(
      "the line and its sum do not fit: a sign of it was changed on the way; copy it again, and type nothing by hand",
    );
  }
  const work = workOf(parts);
  if (work === null) {
    throw new Error(
      "the line was written by another edition of the book, which says more than this one reads: take the edition that wrote it",
    );
  }
  return work;
}

/** @param {string[]} parts */
function sumOf(parts) {
  const number = numberOf(parts.join(" | "));
  const digits = [30, 25, 20, 15, 10, 5, 0].map((place) => SIGNS[Math.floor(number / 2 ** place) % 32]);
  return digits.join("");
}

/** @param {string[]} parts @returns {Work | null} */
function workOf([, name, chapter, ...counts]) {
  const solved = counts[0].match(SOLVED);
  const taken = counts[1].match(TAKEN);
  const quiz = counts[2].match(QUIZ);
  if (!/^[a-z][a-z_]*$/.test(chapter) || !solved || !taken || !quiz) return null;
  const work = {
    name,
    chapter,
    solved: solved[1] === "none" ? [] : solved[1].split(" ").map(Number),
    exercises: Number(solved[2]),
    turns: taken[1] === "not counted" ? null : taken[1] === "none" ? [] : taken[1].split(" "),
    quiz: quiz[1] ? { right: Number(quiz[1]), once: Number(quiz[3]), questions: Number(quiz[2]) } : null,
  };
  const { turns } = work;
  const isKnown =
    work.solved.every((at, i) => at > (work.solved[i - 1] ?? 0) && at <= work.exercises) &&
    (turns === null || turns.join() === TURNS.filter((turn) => turns.includes(turn)).join()) &&
    (work.quiz === null || (work.quiz.once <= work.quiz.right && work.quiz.right <= work.quiz.questions));
  return isKnown ? work : null;
}

/** @param {string} text */
function short(text) {
  const signs = [...text];
  return signs.length <= 40 ? text : `${signs.slice(0, 37).join("")}...`;
}
