// The padding lab's browser half under Node: `test_explorer_lab.py` runs it, and
// `tests/browser/test_lab.py` holds its plans to Python's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const lab = await import(pathToFileURL(`${process.env.SOURCES}/lab.js`).href);
const { STRATEGIES, captionOf, epoch, hashOf, pathsOf, plan, readHash, stepOf, tableOf, tallyOf } = lab;

const lengths = [7, 1, 3, 3, 5];
const state = { strategy: "dynamic", batch_size: 2, max_length: null };

test("dynamic padding is as wide as each batch's longest text", () => {
  const planned = plan(lengths, "dynamic", 2, null);
  assert.deepEqual(planned.batches, [[7, [[7], [2]]], [3, [[3], [3]]], [5, [[5]]]]);
  assert.equal(planned.slots, 25);
  assert.equal(planned.padding_share, 1 - 20 / 25);
  assert.equal(planned.squares, 2 * 49 + 2 * 9 + 25);
});

test("static padding is as wide as the longest of all, or as the maximum length allows", () => {
  assert.deepEqual(plan(lengths, "static", 2, null).batches.map(([width]) => width), [7, 7, 7]);
  const planned = plan(lengths, "static", 2, 4);
  assert.deepEqual(planned.batches.map(([width]) => width), [4, 4, 4]);
  assert.deepEqual([planned.texts_cut, planned.ids_cut], [2, 3 + 1]);
});

test("a plan changes nothing that it was given", () => {
  const given = Object.freeze([...lengths]);
  for (const strategy of STRATEGIES) {
    plan(given, strategy, 2, null);
    plan(given, strategy, 2, 3);
  }
});

test("every strategy has every text once, with its end token where there is room", () => {
  for (const strategy of STRATEGIES) {
    const texts = plan(lengths, strategy, 2, null).batches.flatMap(([, rows]) => rows.flat());
    const more = texts.sort((a, b) => a - b).map((size, i) => size - [1, 3, 3, 5, 7][i]);
    const expected = { static: [1, 1, 1, 1, 0], dynamic: [1, 0, 0, 0, 0], packed: [0, 0, 0, 0, 0] }[strategy];
    if (expected) assert.deepEqual(more, expected, strategy);
    assert.ok(more.every((end) => end === 0 || end === 1), strategy);
  }
});

test("what is no setting is refused by name", () => {
  for (const number of [0, -3, 1e9, 2.5, NaN, "8", undefined]) {
    assert.throws(() => plan(lengths, "static", number, null), /batch_size is a whole number from 1 to 1,000,000/);
    assert.throws(() => plan(lengths, "static", 8, number), /max_length is a whole number/);
  }
  assert.throws(() => plan(lengths, "best", 8, null), /packed; found best/);
  assert.throws(() => epoch(lengths, { ...state, strategy: "best" }), /found best/);
  assert.throws(() => plan([], "static", 8, null), /found none/);
});

test("what is said counts one of a kind as one", () => {
  const one = epoch([3], { ...state, max_length: 1 });
  assert.equal(
    tallyOf(one),
    "1 step, 0.0% padding. The model computes on 1 slot. 1 text is cut and loses its end token: 2 ids are gone.",
  );
  assert.equal(stepOf(one.plan, 0), "Step 1 of 1: 1 row, 1 slot wide, 0.0% padding.");
  const packed = epoch(lengths, { ...state, strategy: "packed" });
  assert.match(tallyOf(packed), /^2 steps, 9.5% padding.* 21 slots, 0.84 times those of dynamic padding. No text is cut.$/);
  assert.match(stepOf(packed.plan, 0), /2 rows that hold 4 texts, 7 slots wide/);
});

test("the table names all five, and marks the chosen one", () => {
  const table = tableOf(epoch(lengths, state), state);
  assert.deepEqual([...table.matchAll(/scope="row">(\w+)/g)].map(([, name]) => name), STRATEGIES);
  assert.match(table, /aria-current="true"><th scope="row">dynamic<\/th><td>20.0%<\/td><td>3<\/td><td>1.00/);
  assert.match(captionOf(epoch(lengths, state), { ...state, max_length: 1234 }), /maximum length 1,234\./);
});

test("blocks are drawn to scale, one under another, with a border between packed texts", () => {
  const { slots, text, borders } = pathsOf([[6, [[2], [6]]], [4, [[1, 3]]]], 10, 2);
  assert.equal(slots, "M0 0H60V4H0zM0 4H40V6H0z");
  assert.equal(text, "M0 0H60V2H20V4H0zM0 4H40V6H0z");
  assert.equal(borders, "M10 4v2");
});

test("a link holds the settings, and a damaged one is refused", () => {
  for (const max_length of [null, 1, 1_000_000]) {
    const chosen = { strategy: "packed", batch_size: 64, max_length };
    assert.deepEqual(readHash(hashOf("a-1", chosen), "a-1"), chosen);
    assert.equal(readHash(hashOf("a-1", chosen), "a-2"), null);
  }
  assert.equal(readHash("#summary", "a-1"), null);
  for (const damaged of ["", "best.8.none", "static.0.none", "static.8", "static.8.0", "static.8.9999999"]) {
    assert.throws(() => readHash(`#lab=a-1.${damaged}`, "a-1"), damaged);
  }
});
