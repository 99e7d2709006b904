// The browser's tokenizer under Node, against what Python's gave: the folder named in ORACLE
// holds the vocabularies' scripts and that, and `test_explorer_tokenizing.py` writes it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runInThisContext } from "node:vm";

const read = (name) => readFileSync(join(process.env.ORACLE, name), "utf8");
const source = new URL("../../companion/explorer/tokenizing.js", import.meta.url);
const code = encodeURIComponent(readFileSync(source, "utf8"));
const { makeTokenizer } = await import(`data:text/javascript,${code}`);

runInThisContext(read("vocabulary.js")); // as a classic script, which is what pages load
runInThisContext(read("vocabulary_smollm2.js"));
const oracle = JSON.parse(read("oracle.json"));
const { encode, bytes } = makeTokenizer(globalThis.gpt2Vocabulary);

const hash = (data) => createHash("sha256").update(data).digest("hex");
const joined = (ids) => Buffer.concat(ids.map(bytes));

const smollm2 = makeTokenizer(globalThis.smollm2Vocabulary);
const told = JSON.parse(read("oracle_smollm2.json"));

for (const [name, tokenizer, said] of [["tiktoken", { encode, bytes }, oracle], ["tokenizers", smollm2, told]]) {
  test(`every text has the ids of ${name}`, () => {
    assert.ok(said.texts.length >= 2000);
    for (const [text, ids] of said.texts) assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
  });

  test(`every code point has the ids of ${name}, after a space, and before what may be a contraction`, () => {
    assert.ok(said.points.length > 60);
    said.points.forEach(([start, expected]) => {
      let text = "";
      for (let point = start; point < start + 4096; point += 1) {
        const character = String.fromCodePoint(point);
        text += `${character}'s ${character}\n`;
      }
      const found = hash(Uint16Array.from(tokenizer.encode(text)));
      assert.equal(found, expected, `among the 4096 from U+${start.toString(16)}`);
    });
  });

  test(`every id has the bytes of ${name}`, () => {
    const all = Array.from({ length: said.ids }, (_, id) => Buffer.from(tokenizer.bytes(id)).toString("hex"));
    assert.equal(hash(all.join("\n")), said.bytes);
  });
}

test("the bytes of a text's ids, joined, are the text in UTF-8", () => {
  for (const [text] of oracle.texts) {
    assert.deepEqual(joined(encode(text)), Buffer.from(text), JSON.stringify(text));
  }
});

test("SmolLM2 gives each digit a token, and a space before it another", () => {
  assert.deepEqual(smollm2.encode("Add 1234 in  5"), [7684, 216, 33, 34, 35, 36, 281, 256, 37]);
});

test("SmolLM2 has 21 bytes too few, which become its unknown token", () => {
  assert.deepEqual(smollm2.encode("a\u0004b"), [81, 0, 82]);
  const isKnown = (text) => !smollm2.encode(text).includes(0);
  for (const [text] of told.texts.filter(([text]) => isKnown(text))) {
    const bytes = Buffer.concat(smollm2.encode(text).map(smollm2.bytes));
    assert.deepEqual(bytes, Buffer.from(text), JSON.stringify(text));
  }
});

test("a marked text has the ids of tokenizers, special tokens among them; a text that is not has none", () => {
  assert.ok(told.marked.length > 800);
  for (const [text, ids] of told.marked) {
    assert.deepEqual(smollm2.encode(text, true), ids, JSON.stringify(text));
    assert.ok(smollm2.encode(text).every((id) => id === 0 || id > 16), JSON.stringify(text));
  }
  assert.deepEqual(encode("a<|endoftext|>", true), [64, 50256]);
});

test("text is never read as a special token", () => {
  assert.deepEqual(encode("<|endoftext|>"), [27, 91, 437, 1659, 5239, 91, 29]);
  assert.equal(Buffer.from(bytes(50256)).toString(), "<|endoftext|>");
});

test("half a surrogate pair counts as U+FFFD, as with tiktoken from Python", () => {
  assert.deepEqual(encode("\ud800"), [4210]);
  assert.deepEqual(encode("\ude00\ud83d"), encode("\ufffd\ufffd"));
  assert.deepEqual(encode("a\ud83d\ude00b"), [64, 47249, 222, 65]);
});

for (const character of ["a", "7", " ", "=", "\n", "\u00e9"]) {
  const name = JSON.stringify(character);
  test(`a run of 100,000 ${name} takes less than a second`, () => {
    const text = character.repeat(100_000);
    const timed = () => {
      const start = performance.now();
      const ids = encode(text);
      const time = performance.now() - start;
      assert.ok(joined(ids).equals(Buffer.from(text)));
      return time;
    };
    // About a tenth of a second; twice more if the machine had other things to do.
    assert.ok(timed() < 1000 || timed() < 1000 || timed() < 1000);
  });
}

test("a million spaces before a word, at which tiktoken gives up, are encoded", () => {
  const ids = encode(`${" ".repeat(1_000_000)}a`);
  assert.equal(ids.length, 1_000_000);
  assert.deepEqual(ids.slice(-2), [220, 257]);
});

test("what is remembered of earlier texts, or of changed results, makes no difference", () => {
  encode("don't").fill(0);
  bytes(464).fill(0);
  assert.deepEqual(encode("don't"), [9099, 470]);
  assert.deepEqual([...bytes(464)], [84, 104, 101]);
  encode(Array.from({ length: 30_000 }, (_, number) => `${number}`).join());
  assert.deepEqual(encode("don't"), [9099, 470]);
  for (const [text, ids] of oracle.texts) assert.deepEqual(encode(text), ids, JSON.stringify(text));
});

test("what is no text or no id is refused by name", () => {
  for (const text of [undefined, null, 5, ["a"]]) {
    assert.throws(() => encode(text), new TypeError(`a text is a string; found ${text}`));
  }
  for (const id of [-1, 50257, 1.5, NaN, "5", undefined, -100]) {
    const message = `an id is a whole number from 0 to 50256; found ${id}`;
    assert.throws(() => bytes(id), new RangeError(message));
  }
});
