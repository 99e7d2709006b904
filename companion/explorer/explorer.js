/**
 * The batch explorer: a batch of entries, the six steps as tabs, and the tensors of the chosen
 * step as a grid of tokens. It draws frames (`frames.js`, `frames.py`) and makes no number
 * itself. Where the frames come from is its host's business (`hosts.js`).
 */

import { listen } from "./acting.js";
import { show, start, tell } from "./changing.js";
import { measureIn } from "./columns.js";
import { drawOptions } from "./drawing.js";
import { constantsOf, withDefaults } from "./frames.js";
import { listenToPlaces } from "./moving.js";
import { frameOf } from "./parts.js";

/**
 * @typedef {import("./frames.js").State} State
 * @typedef {import("./frames.js").Frames} Frames
 * @typedef {import("./frames.js").Row} Row
 * @typedef {import("./frames.js").Constants & {
 *   rules: Record<string, {severity: string, sentence: string, cure: string}>,
 *   samples: Record<string, State["entries"]>}} Constants
 */

/**
 * @typedef {object} View what is looked at, beside what the batch is
 * @property {string} step
 * @property {string} show "text" or "ids"
 * @property {Set<string>} open the folds that were opened, by `row:column`; open in every row
 * @property {{row: number, name: string, position: number} | null} cell the chosen cell
 * @property {Turn | null} turn
 * @property {{row: number, column: number}} at the place that the cells were last brought to
 * @property {number} from the first position of which there is a cell, where they are very many
 * @property {boolean} settings whether those of other steps are shown, too
 */

/**
 * @typedef {object} Turn the reader's own attempt at a step
 * @property {Map<string, string>} answers by `row:column`; a token's id, or "ignored"
 * @property {string | null} wrong the first wrong cell
 * @property {string} said
 * @property {number} checks
 */

/**
 * @typedef {object} Explored an explorer from within: what is chosen, what is made of it, where
 *   it is drawn. `changing.js` changes it, `drawing.js` draws it, `acting.js` and `moving.js`
 *   hear the reader.
 * @property {HTMLElement} root
 * @property {string} prefix of its ids
 * @property {{state: State, step: string, show?: string}} first
 * @property {string[]} explained the page's own words for each step, as HTML; it may have none
 * @property {Host} host
 * @property {Constants} constants of the kind of batch that there is
 * @property {(part: string) => HTMLElement} $ a part by its name
 * @property {HTMLElement[]} tabs
 * @property {State} state
 * @property {View} view
 * @property {Frames | null} frames
 * @property {Frames | null} healthy the frames without the fault
 * @property {import("./table.js").Table[]} drawnTables
 * @property {import("./columns.js").Column[]} columns of the cells
 * @property {import("./map.js").Grid[]} grids of the map
 * @property {string} picture of the map, as it is drawn
 * @property {number} room in pixels, across, for the picture
 * @property {(text: string) => number} measure the width of a cell's text, in em
 * @property {boolean} isNew whether what is drawn next is another step or batch
 * @property {State["style"] | null} style one that is none of ours, but can be chosen
 * @property {Constants | null} offered those whose choices are offered
 * @property {number} announcing
 */

/**
 * @typedef {object} Host where the explorer stands
 * @property {(state: State, drawn: (frames: Frames) => void, failed: (message: string) => void)
 *   => void} frames calls `drawn` at once where it can
 * @property {string} [name] of its own, for ids, where each explorer has a module of its own
 * @property {boolean} [isPage] whether it has an address that a link can lead to
 * @property {(state: State) => void} [changed] told of what the reader has chosen
 * @property {(view: {step: string, show: string}) => void} [looked]
 */

/**
 * @typedef {object} Explorer what its host may ask of it
 * @property {(from: State, step: string, why?: string) => void} show another batch, and say why
 * @property {(why: string) => void} tell the reader why they see what they see
 * @property {(step: string, how: string) => void} look at another step
 */

let made = 0;

/**
 * Build an explorer in an element.
 *
 * @param {HTMLElement} root
 * @param {{state: State, step: string, show?: string}} first
 * @param {Host} host
 * @param {Constants} constants
 * @returns {Explorer}
 */
export function mount(root, first, host, constants) {
  const prefix = `be${host.name ?? ""}${(made += 1)}`;
  const explained = [...root.querySelectorAll(".be-explained li")].map((item) => item.innerHTML);
  root.innerHTML = frameOf(prefix, made > 1 ? `Batch ${made}` : "Batch", constants);
  /** @type {Explored} */
  const own = {
    root,
    prefix,
    first,
    explained,
    host,
    get constants() {
      return /** @type {Constants} */ (constantsOf(own.state, constants));
    },
    $: (part) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${part}"]`)),
    tabs: [...root.querySelectorAll('[role="tab"]')].map((tab) => /** @type {HTMLElement} */ (tab)),
    state: withDefaults(first.state, constants),
    view: {
      step: first.step,
      show: first.show ?? "text",
      open: new Set(),
      cell: null,
      turn: null,
      at: { row: 0, column: 0 },
      from: 0,
      settings: false,
    },
    frames: null,
    healthy: null,
    drawnTables: [],
    columns: [],
    grids: [],
    picture: "",
    room: 0,
    measure: measureIn(root.firstElementChild ?? root),
    isNew: true,
    style: null,
    offered: null,
    announcing: 0,
  };
  own.$("link").hidden = !host.isPage;
  listen(own);
  listenToPlaces(own);
  start(own, own.state, first.step);
  return {
    show: (from, step, why) => start(own, withDefaults(from, constants), step, why),
    tell: (why) => tell(own, why),
    look(step, how) {
      if (step === own.view.step && how === own.view.show) return;
      own.isNew ||= step !== own.view.step;
      own.view = { ...own.view, step, show: how, cell: null, turn: null };
      drawOptions(own);
      show(own);
    },
  };
}
