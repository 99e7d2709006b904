// Give, for each case that the Python tests write, what the scripts of `companion/learning` make
// of it; Python judges.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(join(process.env.SOURCES, `${name}.js`)).href);
const { clean, cleanName, foldName, numberOf } = await load("naming");
const { readLine, writeLine } = await load("handing");
const { doneOf, exported, forget, imported, sayDone, stageOf } = await load("keeping");

/** Put a storage in place that holds this; null for a browser that keeps nothing. */
function store(stored) {
  const methods = {
    getItem(key) { return this[key] ?? null; },
    setItem(key, value) { this[key] = value; },
    removeItem(key) { delete this[key]; },
  };
  const held = Object.assign(Object.create(methods), stored);
  const place = stored ? { value: held } : { get() { throw new Error("a browser may refuse"); } };
  Object.defineProperty(globalThis, "localStorage", { ...place, configurable: true });
  return held;
}

/** Give what a function gives, or the sentence of its error. */
function tried(act) {
  try {
    return act();
  } catch (error) {
    return `error: ${error.message}`;
  }
}

/** Give every character that folds to another. */
function folds() {
  const found = {};
  for (let code = 0; code < 0x110000; code += 1) {
    const sign = String.fromCodePoint(code);
    if (code >= 0xd800 && code < 0xe000) continue;
    const folded = tried(() => foldName(sign));
    if (folded !== sign) found[code] = folded;
  }
  return found;
}

const ACTS = {
  names: (name) => [tried(() => cleanName(name)), tried(() => foldName(name)), numberOf(clean(name))],
  works: (work) => tried(() => writeLine(work)),
  lines: (line) => tried(() => readLine(line)),
  folds,
  progress({ stored, chapter }) {
    store(stored);
    sayDone(chapter);
    return [doneOf(chapter), stageOf(chapter)];
  },
  imports({ stored, text }) {
    const held = store(stored);
    const made = tried(() => imported(text));
    const kept = { ...held };
    const saved = exported();
    forget();
    if (Object.keys(held).length) throw new Error("something was not forgotten");
    imported(saved);
    return { new: made, kept, again: { ...held } };
  },
};
const cases = JSON.parse(readFileSync(join(process.env.SOURCES, "cases.json"), "utf8"));
const answers = Object.entries(cases).map(([act, given]) => [act, given.map((one) => ACTS[act](one))]);
process.stdout.write(JSON.stringify(Object.fromEntries(answers)));
