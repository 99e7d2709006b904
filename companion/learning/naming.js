/**
 * A learner's name as one and the same text on every machine, and numbers that follow from it:
 * the twin of `companion/naming.py`, which says why.
 */

export const MOST_SIGNS = 60;

const SPACES = /[\x00-\x20\x7c\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
const UNSEEN = /[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** @param {string} text */
export function clean(text) {
  const whole = text.replace(/[\ud800-\udfff]/gu, "\ufffd"); // half a character, alone
  return whole.replace(UNSEEN, "").normalize("NFC").replace(SPACES, " ").replace(/^ | $/g, "");
}

/** @param {string} name @returns {string} raises an error, in a sentence, where it is none */
export function cleanName(name) {
  const cleaned = clean(name);
  const count = [...cleaned].length;
  if (!cleaned) throw new Error("a name has a letter at least; found none: write yours");
  if (count > MOST_SIGNS) {
    throw new Error(`a name has at most ${MOST_SIGNS} signs; found ${count}: write a shorter one`);
  }
  return cleaned;
}

/** @param {string} name */
export function foldName(name) {
  const letters = [...cleanName(name)].map((letter) => letter.toLowerCase().toUpperCase().toLowerCase());
  return letters.join("").normalize("NFC");
}

/** @param {string} text @returns {number} of 32 bits */
export function numberOf(text) {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  for (const [shift, factor] of [[16, 0x85ebca6b], [13, 0xc2b2ae35], [16, 1]]) {
    value = Math.imul(value ^ (value >>> shift), factor);
  }
  return value >>> 0;
}
