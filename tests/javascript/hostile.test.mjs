// Give, for each case that `test_explorer_hostile.py` writes, what the gate and the copying make
// of it; Python judges. A case is the end of an address, or a state as JSON.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(join(process.env.SOURCES, `${name}.js`)).href);
const read = (name) => JSON.parse(readFileSync(join(process.env.SOURCES, name), "utf8"));
const { known, refusalOf } = await load("frames");
const { STEPS } = await load("lines");
const { kept, pythonOf, readLink } = await load("sharing");
const constants = read("constants.json");
known.talks = { ...(await load("talks")), ...(await load("chats")), constants: read("talks.json") };
const own = { ...constants.defaults, entries: [[1]] };

globalThis.location = { href: "file:///page.html", pathname: "/page.html" };
let stored = null;
globalThis.localStorage = { getItem: () => stored, removeItem: () => (stored = null), setItem: () => {} };

/** Give what a function gives, or the sentence of its error. */
function tried(act) {
  try {
    return { made: act(), error: "" };
  } catch (error) {
    return { made: null, error: error.message };
  }
}

/** Give every program that can be copied of a state, and how often there was none. */
const copied = (state) => STEPS.map((step) => tried(() => pythonOf(state, { step }, constants)).made).filter((made) => made !== null);

const answers = read("cases.json").map(({ link, state }) => {
  const { made, error } = tried(() => readLink(link, "explorer-1", constants));
  const answer = { link: error, isLink: made !== null, programs: made ? copied(made.state) : [] };
  if (state === null) return answer;
  stored = JSON.stringify({ ours: JSON.stringify(own), theirs: state });
  const { made: before, error: discarded } = tried(() => kept("explorer-1", own, constants));
  const direct = copied(JSON.parse(state));
  return { ...answer, refusal: refusalOf(JSON.parse(state), constants), kept: before !== null, discarded, isStored: stored !== null, direct };
});
process.stdout.write(JSON.stringify(answers));
