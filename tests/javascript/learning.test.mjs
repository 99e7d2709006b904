// Give, for each case that the Python tests write, what the scripts of `companion/learning` make
// of it; Python judges.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(join(process.env.SOURCES, `${name}.js`)).href);
const { clean, cleanName, foldName, numberOf } = await load("naming");
const { readLine, writeLine } = await load("handing");

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
};
const cases = JSON.parse(readFileSync(join(process.env.SOURCES, "cases.json"), "utf8"));
const answers = Object.entries(cases).map(([act, given]) => [act, given.map((one) => ACTS[act](one))]);
process.stdout.write(JSON.stringify(Object.fromEntries(answers)));
