/**
 * GPT-2's tokenizer for the browser: for every text, the ids that tiktoken gives.
 *
 * Two steps, as there. A text is cut into pieces: a word with the space before it, a number,
 * a run of signs, white space. Then the UTF-8 bytes of each piece are merged, pair by pair,
 * the pair with the lowest id first. No text is read as a special token.
 *
 * Nothing is asked of the browser's own tables of characters: its `\s` holds U+FEFF and lacks
 * U+0085, unlike tiktoken's, and what `\p{L}` holds changes with its age. The kinds of
 * characters come with the vocabulary, which `vocabulary.py` packs.
 */

/**
 * @typedef {object} Vocabulary
 * @property {string} bytes the byte of each of the ids 0 to 255, in base64
 * @property {string} left what each id from 256 on begins with: ids, low bytes first, in base64
 * @property {string} right what each of them ends with
 * @property {string} kinds runs of code points of one kind: "O9 S5" is nine others, five spaces
 * @property {string} end the text of the end token, whose id is the last
 */

/**
 * @typedef {object} Tokenizer
 * @property {(text: string) => number[]} encode
 * @property {(id: number) => Uint8Array} bytes
 */

const BYTES = 256;
const SPACE = "S".charCodeAt(0);
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
 * of an id. Joined, the bytes of a text's ids are the text in UTF-8; as with tiktoken, half a
 * surrogate pair counts as U+FFFD.
 *
 * @param {Vocabulary} vocabulary
 * @returns {Tokenizer}
 */
export function makeTokenizer(vocabulary) {
  const byteOf = unpackBytes(vocabulary.bytes);
  const left = unpackIds(vocabulary.left);
  const right = unpackIds(vocabulary.right);
  const kinds = unpackKinds(vocabulary.kinds);
  const endId = BYTES + left.length;
  const utf8 = new TextEncoder();

  const idOf = new Uint16Array(BYTES);
  byteOf.forEach((byte, id) => (idOf[byte] = id));
  /** @type {Map<number, number>} */
  const merged = new Map();
  left.forEach((id, i) => merged.set(id * PAIR + right[i], BYTES + i));
  /** @type {Map<string, number[]>} */
  const remembered = new Map();

  /** @param {string} text */
  function encode(text) {
    if (typeof text !== "string") throw new TypeError(`a text is a string; found ${text}`);
    const ids = [];
    for (let start = 0, end = 0; start < text.length; start = end) {
      end = pieceEnd(text, start, kinds);
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
    if (!Number.isInteger(id) || id < 0 || id > endId) {
      throw new RangeError(`an id is a whole number from 0 to ${endId}; found ${id}`);
    }
    return id === endId ? utf8.encode(vocabulary.end) : Uint8Array.from(spell(id));
  }

  /** @type {(id: number) => number[]} */
  function spell(id) {
    if (id < BYTES) return [byteOf[id]];
    return [...spell(left[id - BYTES]), ...spell(right[id - BYTES])];
  }

  return { encode, bytes };
}

/**
 * Find where the piece ends that begins at `start`. In tiktoken, this is the pattern
 * `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+$|\s+(?!\S)|\s`; here it is
 * walked, with the kinds of the vocabulary, and no run is too long. (tiktoken 0.14 gives up on a
 * million spaces before a word.)
 *
 * @param {string} text
 * @param {number} start
 * @param {Uint8Array} kinds
 */
function pieceEnd(text, start, kinds) {
  CONTRACTION.lastIndex = start;
  if (CONTRACTION.test(text)) return CONTRACTION.lastIndex;

  /** @param {number} at */
  const pointAt = (at) => text.codePointAt(at) ?? 0;
  /** @param {number} at */
  const kindAt = (at) => kinds[pointAt(at)];
  let end = start;
  // A plain space goes with what follows it. White space that follows takes it in anyway.
  if (text[start] === " " && start + 1 < text.length) end += 1;
  const kind = kindAt(end);
  while (end < text.length && kindAt(end) === kind) end += pointAt(end) > 0xffff ? 2 : 1;
  // Of white space before a word, the last is left: if it is a plain space, it is the word's.
  return kind === SPACE && end < text.length && end - start > 1 ? end - 1 : end;
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
