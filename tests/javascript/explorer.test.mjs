// The explorer's modules under Node, without a page. The folder named in SOURCES holds them, and
// the constants that Python gives; `test_explorer_bundle.py` writes it.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(join(process.env.SOURCES, `${name}.js`)).href);
const { STEPS, TITLES, decoded, linesOf, runsOf, visible } = await load("lines");
const { SHOWN, columnsOf, reach } = await load("columns");
const { gridsOf, markOf, placeAt, placeBy, scaleOf, spokenAt, strokesOf } = await load("map");
const { carriedTokenizer, constantsOf, known, makeFrames, withDefaults } = await load("frames");
const { detailOf, findingOf, judgedOf, learnedOf, offerOf, sentenceOf, tallyOf } = await load("sentences");
const { hintFor } = await load("turn");
const { keep, kept, linkTo, pythonOf, readLink } = await load("sharing");
const { lightOf } = await load("drawing");
const { edited } = await load("parts");
const { acted, boxesOf } = await load("chats");
const given = (name) => JSON.parse(readFileSync(join(process.env.SOURCES, name), "utf8"));
const constants = given("constants.json");
known.talks = { ...(await load("talks")), ...(await load("chats")), constants: given("talks.json") };

const folder = new URL("../fixtures/frames/", import.meta.url);
const fixtures = Object.fromEntries(
  readdirSync(folder).map((name) => [name.replace(".json", ""), JSON.parse(readFileSync(new URL(name, folder)))]),
);
const batches = Object.entries(fixtures).filter(([, { frames }]) => frames.batch !== null);
const toy = fixtures.toy.frames;
const stateOf = (state) => withDefaults(state, constants);
const valuesOf = (lines, name) => lines.filter((line) => line.name === name).map((line) => line.cells.map((cell) => cell.value));
/** What is in a batch, in the order of the entries; a dropped entry has no place in it. */
const inOrder = ({ rows }, tensor) => rows.filter((row) => row.place !== null).map((row) => tensor[row.place]);

globalThis.location = { href: "file:///site/page.html#part", pathname: "/site/page.html" };

test("at the last step the lines hold the tensors, in every fixture", () => {
  assert.ok(batches.length > 40);
  for (const [name, { frames }] of batches) {
    const lines = linesOf(frames, "mask");
    assert.deepEqual(valuesOf(lines, "inputs"), inOrder(frames, frames.batch.inputs), name);
    assert.deepEqual(valuesOf(lines, "targets"), inOrder(frames, frames.batch.targets), name);
  }
});

test("every line's cells are the block's, from its first column on", () => {
  for (const [name, { frames }] of batches) {
    for (const line of linesOf(frames, "shift")) {
      const block = frames.batch.block[frames.rows[line.row].place];
      const own = line.cells.map((cell) => cell.id);
      assert.deepEqual(own, block.slice(line.start, line.start + own.length), `${name} ${line.name}`);
    }
  }
});

test("before its own step nothing is ignored", () => {
  const first = fixtures.first_alpaca.frames;
  const whys = (step) => new Set(linesOf(first, step).flatMap((line) => line.cells.map((cell) => cell.why)));
  assert.deepEqual(whys("shift"), new Set([null]));
  assert.ok(!whys("ignore").has("prompt"));
  assert.deepEqual(linesOf(first, "format"), []);
});

test("runs cover every column once, and a fold holds nothing but prompt or pads in any row", () => {
  for (const [name, { frames }] of batches) {
    for (const step of STEPS.slice(1)) {
      const lines = linesOf(frames, step);
      const runs = runsOf(lines, step);
      const ends = [0, ...runs.map((run) => run.stop)];
      assert.deepEqual(runs.map((run) => run.start), ends.slice(0, -1), `${name} ${step}`);
      assert.equal(ends.at(-1), Math.max(...lines.map((line) => line.cells.length)), `${name} ${step}`);
      for (const { start, stop, isFold } of runs) {
        const roles = new Set(lines.flatMap((line) => line.cells.slice(start, stop).map((cell) => cell.role)));
        if (isFold) assert.ok(["response", "suffix", "end"].every((role) => !roles.has(role)), `${name} ${step} ${start}`);
        else assert.equal(stop, start + 1);
      }
    }
  }
});

test("the runs of the toy batch: nothing of it is folded", () => {
  const lines = linesOf(toy, "shift");
  const own = lines.filter((line) => line.row === 1).map((line) => [line.name, line.cells.length, line.start]);
  assert.deepEqual(own, [["block", 6, 0], ["inputs", 5, 0], ["targets", 5, 1]]);
  assert.deepEqual(runsOf(lines, "shift").map((run) => run.start), [0, 1, 2, 3, 4, 5]);
});

test("the lines of the same frames are made once", () => {
  assert.equal(linesOf(toy, "pad"), linesOf(toy, "pad"));
  assert.notEqual(linesOf(toy, "pad"), linesOf(toy, "shift"));
});

const LETTERS = (text) => text.length;
const viewOf = (step, more = {}) => ({ step, show: "text", open: new Set(), turn: null, from: 0, ...more });

test("a column is as wide as its widest cell in any row", () => {
  const widths = columnsOf(linesOf(toy, "pad"), viewOf("pad"), LETTERS).map(({ width }) => width);
  // The numbers of one digit would fit in less; "end" and "pad" stand over 50256.
  assert.deepEqual(widths, [2, 2, 4.25, 4.25, 4.25, 4.25]);
});

test("a fold is opened in every row", () => {
  const lines = linesOf(fixtures.first_alpaca.frames, "mask");
  const folds = (open) => columnsOf(lines, viewOf("mask", { open: new Set(open) }), LETTERS).filter(({ kind }) => kind === "fold");
  const before = folds([]);
  assert.ok(before.length > 0);
  assert.equal(folds([`2:${before[0].start}`]).length, before.length - 1);
});

test("of very many columns a window is shown, which reaches every one", () => {
  const cells = Array.from({ length: 1024 }, (_, position) => ({ position, id: 1, hex: null, role: "response", value: 1, why: null }));
  const lines = [{ row: 0, name: "", cells, start: 0 }];
  for (const position of [0, 1, 95, 96, 500, 1000, 1023]) {
    const view = viewOf("pad");
    reach(view, position);
    const columns = columnsOf(lines, view, LETTERS);
    const ends = [0, ...columns.map(({ stop }) => stop)];
    assert.deepEqual(columns.map(({ start }) => start), ends.slice(0, -1));
    assert.equal(ends.at(-1), 1024);
    assert.ok(columns.length <= SHOWN + 2);
    assert.equal(columns.find(({ start, stop }) => start <= position && position < stop).kind, "");
  }
});

test("a place is named with row, tensor, column, role, and whether it is graded", () => {
  const said = (step, grid, line, column, marked) => spokenAt(gridsOf(linesOf(toy, step), step, marked)[grid], line, column, constants.roles);
  assert.equal(said("tokenize", 0, 1, 1), "row 1, column 1: response");
  assert.equal(said("tokenize", 0, 1, 4), "row 1, column 4: no token, the row has ended");
  assert.equal(said("pad", 0, 1, 3), "row 1, column 3: pad");
  assert.equal(said("ignore", 0, 1, 2), "row 1 inputs, column 2: end token");
  assert.equal(said("ignore", 1, 1, 1), "row 1 targets, column 1: end token, graded");
  assert.equal(said("ignore", 1, 1, 2), "row 1 targets, column 2: ignored, not graded");
  const marked = new Map([["1:targets:2", "changed by the fault"]]);
  assert.equal(said("ignore", 1, 1, 2, marked), "row 1 targets, column 2: ignored, not graded, changed by the fault");
});

test("keys lead from place to place, and never out of the tensor", () => {
  const grids = gridsOf(linesOf(toy, "shift"), "shift");
  const by = (grid, line, column, key) => placeBy(grids, { grid, line, column }, key);
  assert.deepEqual(by(0, 0, 0, "ArrowLeft"), { grid: 0, line: 0, column: 0 });
  assert.deepEqual(by(0, 0, 0, "ArrowRight"), { grid: 0, line: 0, column: 1 });
  assert.deepEqual(by(0, 2, 3, "ArrowDown"), { grid: 1, line: 0, column: 3 }, "the targets stand below the inputs");
  assert.deepEqual(by(1, 0, 3, "ArrowUp"), { grid: 0, line: 2, column: 3 });
  assert.deepEqual(by(1, 2, 3, "ArrowDown"), { grid: 1, line: 2, column: 3 });
  assert.deepEqual(by(0, 0, 1, "End"), { grid: 0, line: 0, column: 4 });
  assert.deepEqual(by(0, 0, 3, "PageUp"), { grid: 0, line: 0, column: 4 });
  assert.equal(by(0, 0, 0, "a"), null);
});

test("a point of the map is a place, and the mark of a place is at that point", () => {
  for (const name of ["toy", "first_alpaca"]) {
    const grids = gridsOf(linesOf(fixtures[name].frames, "mask"), "mask");
    for (const width of [200, 330, 640]) {
      const scale = scaleOf(grids[0].width, width);
      for (const place of [{ grid: 0, line: 0, column: 0 }, { grid: 1, line: 2, column: 4 }]) {
        const [left, top, across, down] = markOf(grids, scale, place).here;
        const found = placeAt(grids, scale, left + across / 2, top + down / 2);
        assert.deepEqual(found, { ...place, column: place.column - (place.column % scale.per) });
      }
    }
  }
  const beside = placeAt(gridsOf(linesOf(toy, "pad"), "pad"), scaleOf(6, 640), 5000, -10);
  assert.deepEqual(beside, { grid: 0, line: 0, column: 5 });
});

test("what a fault changed is outlined on the map, whatever it is merged with", () => {
  const cells = Array.from({ length: 1000 }, (_, position) => ({ position, role: "response", why: null }));
  const lines = [{ row: 0, name: "inputs", cells, start: 0 }, { row: 0, name: "targets", cells, start: 1 }];
  const grids = gridsOf(lines, "mask", new Map([["0:targets:500", "changed by the fault"]]));
  const strokes = strokesOf(grids, scaleOf(1000, 330)).filter(([kind]) => kind === "fault");
  assert.equal(strokes.length, 1);
  assert.equal(strokes[0][2].match(/z/g).length, 1);
  assert.equal(strokesOf(gridsOf(lines, "mask"), scaleOf(1000, 330)).some(([kind]) => kind === "fault"), false);
});

test("bytes are read as UTF-8 where they are whole", () => {
  assert.equal(decoded("e28c90"), "⌐");
  assert.equal(decoded("efbbbf"), "\ufeff");
  assert.equal(decoded("e28c"), "⟨E2 8C⟩");
  assert.equal(decoded(""), "");
});

test("what cannot be seen gets a sign, and what could be HTML is text", () => {
  assert.match(visible("a b"), /<bdi>a<\/bdi>.*aria-label="space".*<bdi>b<\/bdi>/);
  assert.match(visible("\u200d"), /⟨U\+200D⟩/);
  assert.equal(visible("⟨20 F0 9F⟩"), "<bdi>⟨20 F0 9F⟩</bdi>");
  assert.equal(visible("<b>"), "<bdi>&#60;b&#62;</bdi>");
});

test("a chosen cell lights its pair, its own token elsewhere, and dims what is not seen yet", () => {
  const row = linesOf(toy, "shift").filter((line) => line.row === 0);
  const light = (name, position) => lightOf(row, { name: "inputs", position: 2 }, { name, position });
  assert.equal(light("inputs", 2), "be-here");
  assert.equal(light("targets", 2), "be-here");
  assert.equal(light("targets", 1), "be-same");
  assert.equal(light("block", 2), "be-same");
  assert.equal(light("inputs", 3), "be-after");
  assert.equal(light("targets", 3), "");
  assert.equal(lightOf(row, { name: "block", position: 3 }, { name: "targets", position: 2 }), "be-same");
});

test("each step has its sentence, with the batch's own numbers", () => {
  const said = (step, state = {}) => sentenceOf(toy, stateOf(state), step);
  assert.match(said("format"), /^Bare ids have no text/);
  assert.equal(said("tokenize"), "The 3 texts became 5, 2 and 3 token ids.");
  assert.match(said("pad"), /a block of shape \(3, 6\)/);
  assert.match(said("ignore"), /^5 of 15 targets are pads/);
  assert.match(said("mask", { mask: "prompt" }), /^Bare ids have no prompt/);
  const texts = fixtures.first_alpaca.frames;
  const { supervised, targets } = texts.tally;
  const { state } = fixtures.first_alpaca;
  assert.match(sentenceOf(texts, stateOf({ ...state, mask: "none" }), "mask"), /^Nothing is masked/);
  const left = new RegExp(`${supervised} of ${targets} are left to learn from`);
  assert.match(sentenceOf(texts, stateOf({ ...state, mask: "prompt" }), "mask"), left);
  const broken = fixtures.first_padding_by_value.frames;
  assert.match(sentenceOf(broken, stateOf({}), "ignore"), /^\d+ of \d+ targets became -100.*are pads and 3 because their id is that of a pad\.$/);
});

// Faults: each at its step, each with a look of its own -----------------------------------

const carried = carriedTokenizer(JSON.parse(readFileSync(join(process.env.SOURCES, "carried.json"), "utf8")));
const faults = Object.keys(constants.faults);
const made = (state) => makeFrames(stateOf(state), carried, constants);
/** All that is drawn at a step: the cells, the sentences around them, and what is said of the fault. */
function lookOf(state, step) {
  const frames = made(state);
  const healthy = made({ ...state, fault: null });
  const cells = linesOf(frames, step).map(({ name, start, cells }) => [name, start, cells.map(({ value, why, changed }) => [value, why, changed])]);
  return JSON.stringify([cells, sentenceOf(frames, stateOf(state), step), tallyOf(frames, step), judgedOf(stateOf(state), frames, healthy, constants, step)]);
}

test("a fault changes nothing before its step, and from there on it is seen", () => {
  let compared = 0;
  for (const [name, { state, carried: tokens, frames }] of Object.entries(fixtures)) {
    if (!state.fault || frames.batch === null) continue;
    const its = constantsOf(state, constants);
    const right = makeFrames({ ...state, fault: null }, carriedTokenizer(tokens), constants);
    const own = STEPS.indexOf(its.faults[state.fault]);
    for (const step of STEPS.slice(0, own)) {
      assert.deepEqual(linesOf(frames, step), linesOf(right, step), `${name} ${step}`);
      const [now, before] = [frames, right].map((those) => sentenceOf(those, stateOf(state), step, its) + tallyOf(those, step));
      assert.equal(now, before, `${name} ${step}`);
      const judged = judgedOf(stateOf(state), frames, right, its, step);
      assert.match(judged, new RegExp(`^<p>This batch is broken at ${TITLES[own]}; up to here nothing is changed\\.</p>`));
      compared += 1;
    }
    // A fault that is spared changes no tensor, but may change what is cut away or ignored later.
    const numbers = (those) => STEPS.slice(own).map((step) => linesOf(those, step).map((line) => line.cells.map((cell) => cell.value)));
    const isSeen = JSON.stringify(numbers(frames)) !== JSON.stringify(numbers(right));
    if (!["hidden", "nothing-left"].includes(frames.spared)) assert.equal(isSeen, frames.spared === null, name);
  }
  assert.ok(compared > 60, String(compared));
});

test("a mask one off is seen at Mask alone, which counts its targets too", () => {
  const state = { entries: constants.samples.Ocassion, mask: "prompt" };
  const [right, wrong] = [state, { ...state, fault: "mask_off_by_one" }].map((own) => [made(own), stateOf(own)]);
  assert.equal(sentenceOf(...wrong, "ignore"), sentenceOf(...right, "ignore"));
  assert.match(sentenceOf(...right, "mask"), /^With the prompt masked, 136 more targets became -100; /);
  assert.match(sentenceOf(...wrong, "mask"), /^With the prompt masked, 139 more targets became -100, 3 of them because the mask ends one token late; /);
  const changed = (frames) => linesOf(frames, "mask").flatMap((line) => line.cells).filter((cell) => cell.changed).length;
  assert.deepEqual([changed(right[0]), changed(wrong[0])], [136, 139]);
});

test("a prompt that holds the pad's id is hit by value before it is masked", () => {
  // One id a character here, and one character of the prompt has the pad's.
  const tokenizer = {
    encode: (text) => Array.from(text, (character) => character.codePointAt(0)),
    bytes: (id) => new TextEncoder().encode(String.fromCodePoint(id)),
  };
  const entries = [{ instruction: `a${String.fromCodePoint(50256)}b`, input: "", output: "c" }];
  const frames = makeFrames({ entries, style: "plain", mask: "prompt", fault: "padding_by_value" }, tokenizer, constants);
  assert.deepEqual(frames.batch.targets, [[-100, -100, -100, 99, -100]]);
  assert.deepEqual(frames.batch.why, [["value", "prompt", "prompt", null, "value"]]);
});

test("no two faults look alike on the batch that the explorer begins with, nor as none", () => {
  for (const mask of constants.masks) {
    const state = { entries: constants.samples.Ocassion, mask };
    for (const step of ["shift", "ignore", "mask"]) {
      const seen = faults.filter((fault) => STEPS.indexOf(constants.faults[fault]) <= STEPS.indexOf(step));
      const looks = new Map([null, ...seen].map((fault) => [fault, lookOf({ ...state, fault }, step)]));
      assert.equal(new Set(looks.values()).size, seen.length + 1, `${mask} ${step}`);
    }
  }
});

test("the one pair of faults that gives the same tensors there says so, and offers a batch where it does not", () => {
  const tensors = (entries, fault) => JSON.stringify([made({ entries, fault }).batch.inputs, made({ entries, fault }).batch.targets]);
  const { Ocassion: own, "Two texts in one row": packed } = constants.samples;
  for (const one of faults) {
    for (const other of faults.slice(faults.indexOf(one) + 1)) {
      // Unmasked, and with no token across the border, two faults change nothing, and say that.
      const areSpared = [one, other].every((fault) => made({ entries: own, fault }).spared !== null);
      const isPair = one === "padding_by_value" && other === "end_ignored";
      assert.equal(tensors(own, one) === tensors(own, other), isPair || areSpared, `${one} ${other}`);
    }
  }
  const state = stateOf({ entries: own, fault: "padding_by_value" });
  assert.match(learnedOf(state, made(state)), /comes to the same as with the end token ignored, since no text holds the id itself\.$/);
  assert.deepEqual(offerOf(state, made(state), constants).part.entries, packed);
  assert.notEqual(tensors(packed, "padding_by_value"), tensors(packed, "end_ignored"));
});

test("a fault that changes nothing says why, and offers a batch where it does", () => {
  const reasons = new Set();
  for (const entries of Object.values(constants.samples)) {
    for (const mask of constants.masks) {
      for (const max_length of [null, 1, 4, 30]) {
        for (const fault of faults) {
          const state = stateOf({ entries, mask, max_length, fault });
          const frames = made(state);
          const offer = offerOf(state, frames, constants);
          const judged = judgedOf(state, frames, made({ ...state, fault: null }), constants, "mask");
          if (frames.spared !== null) {
            assert.match(judged, /^<p>This fault changes nothing that is learned here: [^<]*\. <button type="button" data-offer>[^<]+<\/button><\/p>/);
            reasons.add(frames.spared);
          }
          assert.equal(offer !== null, judged.includes("data-offer"));
          if (offer === null) continue;
          const after = { ...state, ...offer.part };
          assert.equal(made(after).spared, null, `${fault} ${frames.spared} ${mask} ${max_length}`);
          assert.equal(offerOf(after, made(after), constants), null);
        }
      }
    }
  }
  // A repeated token and a hidden one are no sample's; the stored frames have them.
  assert.deepEqual([...reasons].sort(), ["apart", "no-end", "no-prompt", "no-text", "nothing-left", "unmasked"]);
  for (const { state, frames } of [fixtures.spared_alike, fixtures.spared_hidden]) {
    assert.match(learnedOf(state, frames), /^This fault changes nothing that is learned here: (each target is the id|of the ids that it changed)/);
    const after = { ...stateOf(state), ...offerOf(stateOf(state), frames, constants).part };
    assert.equal(made(after).spared, null);
  }
});

test("the tally counts what the step has made, and says of which grid", () => {
  assert.equal(tallyOf(toy, "format"), "");
  assert.equal(tallyOf(toy, "tokenize"), "10 tokens in all");
  assert.match(tallyOf(toy, "pad"), /^a block of shape \(3, 6\): 13 tokens, end tokens among them, and 5 pads$/);
  assert.match(tallyOf(toy, "shift"), /; of 15 inputs, 3 are pads, a padding share of 20\.0%; from a block/);
  assert.match(tallyOf(toy, "shift"), /^inputs and targets of shape \(3, 5\) each; of 15 inputs/);
  assert.match(tallyOf(toy, "mask"), /^inputs and targets of shape \(3, 5\) each; 10 of 15 targets supervised \(66\.7%\); of 15 inputs, 3 are pads/);
  assert.match(tallyOf(fixtures.toy_drop.frames, "mask"), /Entry 1 was dropped: its 5 tokens are more than the maximum length/);
  const refused = Object.values(fixtures).find(({ frames }) => frames.batch === null);
  assert.match(sentenceOf(refused.frames, stateOf(refused.state), "pad"), /^There is no batch: /);
});

test("a cell says what is asked there, or why nothing is", () => {
  const row = linesOf(toy, "ignore").filter((line) => line.row === 1);
  assert.match(detailOf(row, "inputs", 0, constants), /^Given .*5.*the model must say .*6/);
  assert.match(detailOf(row, "targets", 3, constants), /not graded, because it is a pad\.$/);
  assert.equal(detailOf(row, "inputs", 99, constants), "");
});

test("a finding has no blank left, and its text is no HTML", () => {
  const rules = { code: { severity: "error", sentence: "{where}: {what}", cure: "Mend <it>." } };
  const finding = { code: "code", rows: [0, 2], slots: { what: "<b>" } };
  const written = findingOf(finding, { rules }, 3);
  assert.match(written, /Rows 0 and 2: &#60;b&#62;/);
  assert.match(findingOf({ ...finding, rows: [0, 1, 2] }, { rules }, 3), /Every row: /);
  for (const { frames } of Object.values(fixtures)) {
    for (const found of frames.findings) assert.doesNotMatch(findingOf(found, constants, 3), /\{\w+\}/);
  }
});

test("a hint says why, and not what the answer is", () => {
  const cell = (why, role) => ({ why, role, id: 4321 });
  assert.match(hintFor("shift", cell(null, "response"), "0:targets:4"), /^Row 0, column 4: which token comes next/);
  assert.match(hintFor("ignore", cell("pad", "pad"), "1:targets:2"), /should be ignored, because it is a pad/);
  assert.match(hintFor("ignore", cell(null, "end"), "1:targets:2"), /learns to stop/);
  assert.match(hintFor("mask", cell(null, "instruction"), "1:targets:2"), /the prompt, which is not masked here/);
  assert.doesNotMatch(hintFor("shift", cell(null, "response"), "0:targets:4"), /4321/);
});

test("a link gives back what it was made of, whatever the text", () => {
  const state = stateOf({ entries: [{ instruction: "½ \ud83d \u{1f31e}", input: "\ufeff\r\n", output: "<script>" }], max_length: 9 });
  const link = linkTo("explorer-2", state, { step: "pad" });
  assert.match(link, /^file:\/\/\/site\/page\.html#batch=explorer-2\.[\w-]+$/);
  const hash = link.slice(link.indexOf("#"));
  assert.deepEqual(readLink(hash, "explorer-2", constants), { step: "pad", state });
  assert.equal(readLink(hash, "explorer-1", constants), null);
  assert.equal(readLink("#a-heading", "explorer-2", constants), null);
  for (const damaged of [hash.slice(0, -5), `${hash}!`, "#batch=explorer-2.", "#batch=explorer-2.e30"]) {
    assert.throws(() => readLink(damaged, "explorer-2", constants), damaged);
  }
});

test("the Python says what is not the default, and the mask only where it was put on", () => {
  const state = stateOf({ entries: [[1, 2]], mask: "prompt", truncation: "keep_end", max_length: 7 });
  assert.match(pythonOf(state, { step: "mask" }, constants), /Collator\(mask="prompt", max_length=7, truncation="keep_end"\)/);
  assert.match(pythonOf(state, { step: "ignore" }, constants), /Collator\(max_length=7, truncation="keep_end"\)/);
  assert.match(pythonOf(stateOf({ entries: [[1, 2]] }), { step: "mask" }, constants), /Collator\(\)\(batch\)/);
  assert.match(pythonOf(stateOf({ entries: [[1, 2]] }), { step: "pad" }, constants), /^from companion import pad_batch\n\nbatch = /);
  const own = { name: "own", instruction: "Q: {instruction}", header: " A: " };
  const entries = [{ instruction: "Why?", input: "", output: "So." }];
  assert.match(pythonOf(stateOf({ entries, style: own }), { step: "mask" }, constants), /style = PromptStyle\(\n    name="own",\n    instruction="Q: \{instruction\}",\n    header=" A: ",\n\)/);
});

test("the reader's batch is kept until it is the page's own again, and no fault is", () => {
  const stored = new Map();
  globalThis.localStorage = {
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => stored.set(key, value),
    removeItem: (key) => stored.delete(key),
  };
  const own = stateOf({ entries: [[1, 2]] });
  const theirs = { ...own, entries: [[3]], fault: "no_shift" };
  keep("explorer-1", own, theirs);
  assert.deepEqual(kept("explorer-1", own, constants), { ...theirs, fault: null });
  assert.equal(kept("explorer-2", own, constants), null);
  assert.equal(kept("explorer-1", { ...own, mask: "prompt" }, constants), null, "the page has another batch today");
  keep("explorer-1", own, own);
  assert.equal(stored.size, 0);
  stored.set([...stored.keys()][0] ?? "inside-the-batch /site/page.html explorer-1", "no JSON {");
  assert.throws(() => kept("explorer-1", own, constants), /cannot be decoded/);
  assert.equal(stored.size, 0, "what cannot be used is kept no longer");
  globalThis.localStorage = { getItem: () => { throw new Error("denied"); }, setItem: () => { throw new Error("denied"); } };
  keep("explorer-1", own, theirs);
  assert.equal(kept("explorer-1", own, constants), null);
});

test("ids are read from a box where they are ids", () => {
  const box = (value) => ({ value, dataset: { field: "ids" } });
  assert.deepEqual(edited([1], box("4, 5\n6")), [4, 5, 6]);
  assert.equal(edited([1], box("4 x")), null);
  assert.equal(edited([1], box("")), null);
  const entry = { instruction: "", input: "", output: "" };
  assert.deepEqual(edited(entry, { value: "new", dataset: { field: "output" } }), { ...entry, output: "new" });
});

// Conversations -----------------------------------------------------------------------------

const talk = { messages: [{ role: "user", content: "Hi <b>" }, { role: "assistant", content: "Ho" }] };
const ofTalks = constantsOf({ entries: [talk] }, constants);
const talkFixtures = Object.entries(fixtures).filter(([name]) => name.startsWith("chat_"));

test("what is chosen of a conversation has its own names, and an entry keeps the others", () => {
  assert.deepEqual(Object.keys(ofTalks.styles).slice(0, 2), ["chatml", "smollm2"]);
  assert.equal(constantsOf({ entries: [[1]] }, ofTalks), constants);
  assert.equal(withDefaults({ entries: [talk] }, constants).mask, "every answer");
  assert.equal(withDefaults({ entries: [[1]] }, ofTalks).mask, "none");
});

test("messages are added by turns, moved, removed, and told apart by their boxes", () => {
  const roles = ({ messages }) => messages.map(({ role }) => role).join(" ");
  const added = acted(talk, "add:1");
  assert.deepEqual([roles(added.entry), added.field], ["user assistant user", "2:content"]);
  assert.deepEqual([roles(acted(talk, "up:1").entry), acted(talk, "up:1").field], ["assistant user", "0:content"]);
  assert.deepEqual([roles(acted(talk, "down:0").entry), acted(talk, "down:0").field], ["assistant user", "1:content"]);
  assert.deepEqual([roles(acted(talk, "drop:0").entry), acted(talk, "drop:0").field], ["assistant", "0:content"]);
  assert.equal(roles(talk), "user assistant");
  const box = { dataset: { field: "1:role" }, value: "tool" };
  assert.deepEqual(edited(talk, box, ofTalks).messages[1], { role: "tool", content: "Ho" });
  const html = boxesOf(talk, 0, "x", ofTalks);
  assert.match(html, /Hi &#60;b&#62;<\/textarea>/);
  assert.equal(html.match(/<textarea/g).length, 2);
  assert.equal(html.match(/ disabled/g).length, 2); // the first goes no further up, the last no further down
});

test("each fault of a chat is named, says what would be learned, and looks like no other", () => {
  const looks = new Set();
  for (const fault of Object.keys(ofTalks.faults)) {
    const { state, frames } = fixtures[`chat_${fault}`];
    assert.doesNotMatch(learnedOf(state, frames, ofTalks), /undefined|changes nothing/);
    looks.add(JSON.stringify([frames.batch.targets, learnedOf(state, frames, ofTalks)]));
  }
  assert.equal(looks.size, Object.keys(ofTalks.faults).length);
});

test("a fault that changes nothing of a chat says why, and what is offered shows it", () => {
  const spared = talkFixtures.filter(([, { frames }]) => frames.spared);
  assert.ok(spared.length >= 4);
  for (const [name, { state, frames, carried: tokens }] of spared) {
    assert.match(learnedOf(state, frames, ofTalks), /^This fault changes nothing that is learned here: [a-z]/, name);
    const offer = offerOf(state, frames, ofTalks);
    if (offer && !offer.part.style) assert.equal(makeFrames({ ...state, ...offer.part }, carriedTokenizer(tokens), constants).spared, null, name);
  }
});

test("at each step a conversation has its sentence, and why a target is not graded", () => {
  for (const [name, { state, frames }] of talkFixtures) {
    for (const step of STEPS) {
      const said = sentenceOf(frames, stateOf(state), step, ofTalks);
      assert.doesNotMatch(said, /undefined|Bare ids|prompt|appended one/, name);
    }
    for (const line of linesOf(frames, "mask").filter((own) => own.name === "targets")) {
      for (const { position } of line.cells) {
        const lines = linesOf(frames, "mask").filter((own) => own.row === line.row);
        assert.doesNotMatch(detailOf(lines, "targets", position, ofTalks), /undefined/, name);
      }
    }
  }
  const { state, frames } = fixtures.chat_chatml;
  assert.equal(sentenceOf(frames, stateOf(state), "mask", ofTalks), "Supervised: every answer. 27 more targets became -100; 7 of 34 are left to learn from.");
  const end = linesOf(frames, "mask").at(-1).cells[32];
  assert.match(hintFor("mask", end, "0:targets:32", ofTalks), /should be graded: it ends an answer that is supervised/);
});
