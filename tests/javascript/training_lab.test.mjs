// The training lab's browser half under Node: `test_explorer_training_lab.py` runs it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const lab = await import(pathToFileURL(`${process.env.SOURCES}/training_lab.js`).href);
const { answersOf, curveLabelOf, figuresOf, hashOf, pictureOf, readChoice, readHash, slugOf, tallyOf } = lab;

const right = {
  said: "Nothing is left out.",
  told: "",
  twin: null,
  seeds: 10,
  curve: [[20, 5], [40, 0.05]],
  figures: { "exact answers": [0.93, 0.9, 0.95], stops: [1, 1, 1], "mean length": [5.2, 5, 5.4], "printed loss": [0.05, 0.04, 0.06] },
  harm: null,
  answers: [["Sort: 31\n> ", "13", "13", true]],
};
const wrong = {
  ...right,
  said: "No end token.",
  told: "The answers suffer, and the printed loss is like that of right runs.",
  twin: "right",
  seeds: 1,
  curve: [[20, 4], [40, 0.004]],
  figures: { "exact answers": [0, 0, 0.01], stops: [0, 0, 0], "printed loss": [0.0004, 0.0003, 0.0005] },
  harm: [-0.93, -0.95, -0.9],
  answers: [["Sort: 31\n> ", "13", "<b>13&13", false]],
};
const ways = { right, "no end token": wrong, "left padding, no mask": { ...wrong, seeds: 3 } };

test("a tally says the verdict, the shares and the difference in points, with its interval", () => {
  assert.equal(tallyOf("right", ways), "93.0% of the answers are exact, 100.0% stop.");
  assert.equal(
    tallyOf("no end token", ways),
    "The answers suffer, and the printed loss is like that of right runs. 0.0% of the answers are exact, 0.0% stop. " +
      "Against “right”, that is -93.0 points of exact answers; the interval of the difference runs from -95.0 to -90.0.",
  );
});

test("figures stand beside the right run's, each with its interval, and shares are drawn to scale", () => {
  const table = figuresOf("no end token", ways);
  assert.match(table, /Means over one run of “no end token”/);
  assert.match(table, /exact answers<\/th><td>0.0% <span class="tl-interval">\[0.0, 1.0\]<\/span><\/td><td>93.0% <span class="tl-interval">\[90.0, 95.0\]/);
  assert.match(table, /printed loss<\/th><td>0.0004 <span class="tl-interval">\[0.0003, 0.0005\]/);
  assert.ok(!table.includes("mean length"), "what the chosen one has not is not listed");
  const bars = [...table.matchAll(/class="tl-range" x="([\d.]+)" y="2" width="([\d.]+)"/g)].map(([, x, wide]) => [x, wide]);
  assert.deepEqual(bars.slice(0, 2), [["0.0", "1.0"], ["90.0", "5.0"]]);
  assert.equal([...figuresOf("right", ways).matchAll(/scope="col"/g)].length, 1, "the right run stands alone");
});

test("an answer is text, whatever stands in it, and says whether it stopped", () => {
  const table = answersOf("no end token", ways);
  assert.ok(table.includes("<code>&#60;b&#62;13&#38;13</code> … (goes on)"));
  assert.ok(table.includes("<code>13</code> (stops)"));
  assert.ok(table.includes("Sort: 31⏎&#62; "));
});

test("curves are drawn on a logarithmic scale, the chosen one on top", () => {
  const picture = pictureOf([wrong.curve, right.curve], 452, "two <curves>");
  const paths = [...picture.matchAll(/<path class="(tl-line[^"]*)" d="([^"]*)"/g)].map(([, name, d]) => [name, d]);
  assert.deepEqual(paths.map(([name]) => name), ["tl-line", "tl-line tl-is-own"]);
  const [[, first], [, second]] = paths[1][1].slice(1).split("L").map((point) => point.split(" ").map(Number));
  // From 4 to 0.004 is three of the four decades between 10 and 0.001, which are 188 pixels high.
  assert.ok(Math.abs(second - first - (3 / 4) * 188) < 0.2, paths[1][1]);
  for (const label of [">10<", ">1<", ">0.1<", ">0.01<", ">0.001<", ">40<"]) assert.ok(picture.includes(label), label);
  assert.ok(picture.includes('aria-label="two &#60;curves&#62;"'));
});

test("a loss of zero can be drawn", () => {
  assert.ok(!/NaN|Infinity/.test(pictureOf([[[20, 0], [40, 0]]], 400, "")));
});

test("the words for the curves say where they begin and end", () => {
  assert.equal(
    curveLabelOf("no end token", ways),
    "The printed loss by updates, on a logarithmic scale: “no end token” begins at 4 and ends at 0.004; “right” begins at 5 and ends at 0.05.",
  );
});

test("a link holds the choice, and a damaged one is refused", () => {
  for (const name of Object.keys(ways)) {
    assert.equal(readHash(hashOf("a-1", name), "a-1", { ways }), name);
    assert.equal(readHash(hashOf("a-1", name), "a-2", { ways }), null);
  }
  assert.equal(slugOf("left padding, no mask"), "left-padding-no-mask");
  assert.equal(readHash("#lab=a-1.static.8.none", "a-1", { ways }), null);
  for (const damaged of ["", "rong", "right.x", "__proto__", "constructor", "<img src=x onerror=alert(1)>"]) {
    assert.throws(() => readHash(`#training=a-1.${damaged}`, "a-1", { ways }), /a choice is one of right, /);
  }
});

test("what is no name is no choice, whoever gives it", () => {
  assert.equal(readChoice("right", ways), "right");
  for (const given of ["", "Right", null, undefined, 3, {}, ["right"], "__proto__", "toString"]) {
    assert.throws(() => readChoice(given, ways), /a choice is one of/);
  }
});
