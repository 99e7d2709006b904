/**
 * GPT-2's and SmolLM2's tokenizers for the browser: for every text, the ids that tiktoken and
 * tokenizers give.
 *
 * Two steps, as there. A text is cut into pieces: a word with the space before it, a number,
 * a run of signs, white space; for SmolLM2, each digit is cut off before. Then the UTF-8 bytes
 * of each piece are merged, pair by pair, the pair with the lowest id first. No text is read as
 * a special token, unless that is asked for.
 *
 * Nothing is asked of the browser's own tables of characters: its `\s` holds U+FEFF and lacks
 * U+0085, unlike tiktoken's, and what `\p{L}` holds changes with its age. The kinds of
 * characters come with the vocabulary, which `vocabulary.py` packs.
 */

/**
 * @typedef {object} Vocabulary
 * @property {string[]} before the texts of the special tokens whose ids come first
 * @property {string} bytes then the byte of each token that is one, in base64
 * @property {string} left what each merged token begins with: ids, low bytes first, in base64
 * @property {string} right what each of them ends with
 * @property {string[]} after the texts of the special tokens whose ids come last
 * @property {number | null} unknown the id of a byte that has no token, if there is one
 * @property {string} kinds runs of code points of one kind: "O9 S5" is nine others, five spaces
 */

/**
 * @typedef {object} Tokenizer
 * @property {(text: string, isMarked?: boolean) => number[]} encode where a text `isMarked`,
 *   what spells a special token is that token
 * @property {(id: number) => Uint8Array} bytes
 */

const BYTES = 256;
const SPACE = "S".charCodeAt(0);
const DIGIT = "D".charCodeAt(0);
const CONTRACTION = /'(?:[sdmt]|ll|ve|re)/y;
const GONE = -1;

// A text is encoded again at each key stroke, and most of its pieces are what they were. Long
// ones are not kept: they are rare, and a browser may keep a whole text for a part of it.
const MOST_REMEMBERED = 10_000;
const LONGEST_REMEMBERED = 12;

// One number holds two: the first counts before the second when such numbers are compared.
const PAIR = 2 ** 16; // an id and the id after it
const PROPOSAL = 2 ** 32; // the id that a merge gives, and the place of the merge

/**
 * Make the two directions of the tokenizer: `encode` gives the ids of a text, `bytes` the bytes
 * of an id. Joined, the bytes of a text's ids are the text in UTF-8, but for bytes that are
 * unknown; as with tiktoken, half a surrogate pair counts as U+FFFD.
 *
 * @param {Vocabulary} vocabulary
 * @returns {Tokenizer}
 */
export function makeTokenizer(vocabulary) {
  const byteOf = unpackBytes(vocabulary.bytes);
  const left = unpackIds(vocabulary.left);
  const right = unpackIds(vocabulary.right);
  const kinds = unpackKinds(vocabulary.kinds);
  const { before, after } = vocabulary;
  const firstMerged = before.length + byteOf.length;
  const firstAfter = firstMerged + left.length;
  const utf8 = new TextEncoder();

  const idOf = new Uint16Array(BYTES).fill(vocabulary.unknown ?? 0);
  byteOf.forEach((byte, i) => (idOf[byte] = before.length + i));
  /** @type {Map<number, number>} */
  const merged = new Map();
  left.forEach((id, i) => merged.set(id * PAIR + right[i], firstMerged + i));
  const special = new Map([...before, ...after].map((text, i) => [text, i < before.length ? i : firstAfter + i - before.length]));
  const mark = patternOf([...special.keys()]);
  /** @type {Map<string, number[]>} */
  const remembered = new Map();

  /** @param {string} text @param {boolean} [isMarked] */
  function encode(text, isMarked = false) {
    if (typeof text !== "string") throw new TypeError(`a text is a string; found ${text}`);
    if (!isMarked) return encodeText(text);
    return text.split(mark).flatMap((part, i) => (i % 2 ? [special.get(part) ?? 0] : encodeText(part)));
  }

  /** @param {string} text */
  function encodeText(text) {
    const ids = [];
    let stop = 0; // of what stands between two digits
    for (let start = 0, end = 0; start < text.length; start = end) {
      if (start >= stop) stop = digitAt(text, start, kinds);
      end = start === stop ? start + lengthAt(text, start) : pieceEnd(text, start, stop, kinds);
      for (const id of encodePiece(text.slice(start, end))) ids.push(id);
    }
    return ids;
  }

  /** @param {string} piece */
  function encodePiece(piece) {
    const known = remembered.get(piece);
    if (known !== undefined) return known;
    const ids = merge(utf8.encode(piece), idOf, merged);
    if (remembered.size === MOST_REMEMBERED) remembered.clear();
    if (piece.length <= LONGEST_REMEMBERED) remembered.set(piece, ids);
    return ids;
  }

  /** @param {number} id */
  function bytes(id) {
    const last = firstAfter + after.length - 1;
    if (!Number.isInteger(id) || id < 0 || id > last) {
      throw new RangeError(`an id is a whole number from 0 to ${last}; found ${id}`);
    }
    const text = before[id] ?? after[id - firstAfter];
    return text === undefined ? Uint8Array.from(spell(id)) : utf8.encode(text);
  }

  /** @type {(id: number) => number[]} */
  function spell(id) {
    if (id < firstMerged) return [byteOf[id - before.length]];
    return [...spell(left[id - firstMerged]), ...spell(right[id - firstMerged])];
  }

  return { encode, bytes };
}

/** Give a pattern that finds any of these texts, the longest first. @param {string[]} texts */
function patternOf(texts) {
  const longest = [...texts].sort((a, b) => b.length - a.length);
  return new RegExp(`(${longest.map((text) => text.replace(/[|\\{}()[\]^$+*?.]/g, "\\$&")).join("|")})`);
}

/** @param {string} text @param {number} at how long the character is there, in UTF-16 units */
function lengthAt(text, at) {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/**
 * Find the first digit from `start` on, or where the text ends.
 *
 * @param {string} text
 * @param {number} start
 * @param {Uint8Array} kinds
 */
function digitAt(text, start, kinds) {
  let at = start;
  while (at < text.length && kinds[text.codePointAt(at) ?? 0] !== DIGIT) at += lengthAt(text, at);
  return at;
}

/**
 * Find where the piece ends that begins at `start`, in a text that ends at `stop`. In tiktoken, this is the pattern
 * `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+$|\s+(?!\S)|\s`; here it is
 * walked, with the kinds of the vocabulary, and no run is too long. (tiktoken 0.14 gives up on a
 * million spaces before a word.)
 *
 * @param {string} text
 * @param {number} start
 * @param {number} stop
 * @param {Uint8Array} kinds
 */
function pieceEnd(text, start, stop, kinds) {
  CONTRACTION.lastIndex = start;
  if (CONTRACTION.test(text)) return CONTRACTION.lastIndex;

  /** @param {number} at */
  const kindAt = (at) => kinds[text.codePointAt(at) ?? 0];
  let end = start;
  // A plain space goes with what follows it. White space that follows takes it in anyway.
  if (text[start] === " " && start + 1 < stop) end += 1;
  const kind = kindAt(end);
  while (end < stop && kindAt(end) === kind) end += lengthAt(text, end);
  // Of white space before a word, the last is left: if it is a plain space, it is the word's.
  return kind === SPACE && end < stop && end - start > 1 ? end - 1 : end;
}

/**
 * Merge neighbours until none can be: always the pair that gives the lowest id, and of equals
 * the first. Proposals wait in a heap, and what is merged is a linked list, so that a piece of
 * n bytes takes about n log n steps.
 *
 * @param {Uint8Array} bytes
 * @param {Uint16Array} idOf the id of each byte
 * @param {Map<number, number>} merged the id that two ids merge into, by `PAIR`
 */
function merge(bytes, idOf, merged) {
  /** @type {number[]} */
  const ids = [];
  for (const byte of bytes) ids.push(idOf[byte]);
  const next = ids.map((_, at) => at + 1);
  const previous = ids.map((_, at) => at - 1);
  /** @type {number[]} */
  const heap = [];

  /** @param {number} at */
  function candidate(at) {
    if (at < 0 || next[at] === ids.length) return undefined;
    return merged.get(ids[at] * PAIR + ids[next[at]]);
  }
  /** @param {number} at */
  function propose(at) {
    const id = candidate(at);
    if (id !== undefined) push(heap, id * PROPOSAL + at);
  }

  for (let at = 0; at < ids.length; at += 1) propose(at);
  while (heap.length > 0) {
    const proposal = pop(heap);
    const at = proposal % PROPOSAL;
    const id = (proposal - at) / PROPOSAL;
    // Since it was proposed, one of the two may have merged with another.
    if (candidate(at) !== id) continue;
    const gone = next[at];
    ids[at] = id;
    ids[gone] = GONE;
    next[at] = next[gone];
    if (next[at] < ids.length) previous[next[at]] = at;
    propose(previous[at]);
    propose(at);
  }
  return ids.filter((id) => id !== GONE);
}

/**
 * Add a number to a binary heap, an array in which none is less than its parent.
 *
 * @param {number[]} heap
 * @param {number} number
 */
function push(heap, number) {
  let at = heap.push(number) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent] <= number) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = number;
}

/**
 * Take the least number out of a binary heap that is not empty.
 *
 * @param {number[]} heap
 * @returns {number}
 */
function pop(heap) {
  const least = heap[0];
  const last = /** @type {number} */ (heap.pop());
  if (heap.length === 0) return least;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (heap[child + 1] < heap[child]) child += 1;
    if (!(heap[child] < last)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return least;
}

/**
 * @param {string} packed in base64
 * @returns {Uint8Array}
 */
function unpackBytes(packed) {
  return Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
}

/**
 * @param {string} packed in base64: the low bytes of all ids, then the high bytes of all
 * @returns {Uint16Array}
 */
function unpackIds(packed) {
  const bytes = unpackBytes(packed);
  const count = bytes.length / 2;
  return Uint16Array.from({ length: count }, (_, i) => bytes[i] + bytes[count + i] * BYTES);
}

/**
 * @param {string} runs
 * @returns {Uint8Array} the letter of each code point's kind, as a character code
 */
function unpackKinds(runs) {
  const kinds = new Uint8Array(0x110000);
  let start = 0;
  for (const run of runs.split(" ")) {
    const end = start + parseInt(run.slice(1), 36);
    kinds.fill(run.charCodeAt(0), start, end);
    start = end;
  }
  return kinds;
}
