/**
 * The padding lab: an epoch's batches, by five strategies, drawn to scale.
 *
 * The first part is the arithmetic of `lab.py` once more, for a page without Python: the same
 * lengths and settings give the same plan, to the last slot, and a test holds the two equal.
 * The second part draws it. In Jupyter the kernel's companion plans, and only that part runs.
 */

import { complain, copyLink, definePage, fieldOf, partsOf, takeOf, write } from "./labs.js";

/** @typedef {{strategy: string, batch_size: number, max_length: number | null}} State */

/**
 * @typedef {object} Plan the batches of one epoch, and what follows from their shapes
 * @property {string} strategy
 * @property {[width: number, rows: number[][]][]} batches for each row, the slots of its texts
 * @property {number} steps
 * @property {number} slots
 * @property {number} padding_share
 * @property {number} squares the squares of all rows' widths, added up
 * @property {number} text_squares the same for each text by itself
 * @property {number} texts_cut
 * @property {number} ids_cut
 */

/** @typedef {{strategy: string, padding_share: number, steps: number, cost: number, attention: number}} Row */

/** @typedef {{plan: Plan, rows: Row[], texts: number, longest: number}} Epoch */

/**
 * @typedef {object} Host who plans: the page itself, or a kernel
 * @property {(state: State, drawn: (epoch: Epoch) => void) => void} plan
 * @property {boolean} [isPage] whether the address of the page can hold the settings
 */

export const STRATEGIES = ["static", "dynamic", "bucketed", "sorted", "packed"];
export const MEGA = 50;
export const POOL = 100;
export const MOST = 1_000_000;

// The plan, as in lab.py ------------------------------------------------------------------

/**
 * Plan the batches of one epoch. Nothing here is random: the same lengths, the same plan.
 *
 * @param {number[]} lengths of the texts, in the order in which the epoch meets them
 * @param {string} strategy
 * @param {number} batchSize
 * @param {number | null} maxLength
 * @returns {Plan}
 */
export function plan(lengths, strategy, batchSize, maxLength) {
  const longest = longestOf(lengths);
  if (!STRATEGIES.includes(strategy)) throw new Error(`a strategy is one of ${STRATEGIES.join(", ")}; found ${strategy}`);
  checkNumber("batch_size", batchSize);
  if (maxLength !== null) checkNumber("max_length", maxLength);
  const limit = maxLength ?? longest;
  const sizes = lengths.map((length) => Math.min(length, limit));
  const isPacked = strategy === "packed";
  const rows = isPacked ? shuffled(planPacks(sizes, limit)) : sizes.map((size) => [size]);
  const batches = batchesOf(rows, strategy, batchSize);
  const whole = strategy === "static" ? longestOf(sizes) : 0;
  /** @type {[number, number[][]][]} */
  const blocks = batches.map((batch) => {
    const width = Math.max(whole, longestOf(batch.map(sum)));
    // The end token, where there is room for it.
    return [width, isPacked ? batch : batch.map(([size]) => [Math.min(size + 1, width)])];
  });
  const texts = blocks.flatMap(([, own]) => own.flat());
  const lost = lengths.filter((length) => length > limit).map((length) => length - limit);
  const slots = sum(blocks.map(([width, { length }]) => width * length));
  return {
    strategy,
    batches: blocks,
    steps: blocks.length,
    slots,
    padding_share: 1 - sum(texts) / slots,
    squares: sum(blocks.map(([width, { length }]) => width * width * length)),
    text_squares: sum(texts.map((size) => size * size)),
    texts_cut: lost.length,
    ids_cut: sum(lost),
  };
}

/**
 * Give what is drawn: the chosen plan, and every strategy's figures.
 *
 * @param {number[]} lengths
 * @param {State} state
 * @returns {Epoch}
 */
export function epoch(lengths, { strategy, batch_size, max_length }) {
  const plans = STRATEGIES.map((name) => plan(lengths, name, batch_size, max_length));
  const usual = plans[STRATEGIES.indexOf("dynamic")];
  const rows = plans.map((planned) => ({
    strategy: planned.strategy,
    padding_share: planned.padding_share,
    steps: planned.steps,
    cost: planned.slots / usual.slots,
    attention: planned.squares / usual.squares,
  }));
  const chosen = plans[STRATEGIES.indexOf(strategy)] ?? plan(lengths, strategy, batch_size, max_length);
  return { plan: chosen, rows, texts: lengths.length, longest: longestOf(lengths) };
}

/**
 * @param {number[][]} rows
 * @param {string} strategy
 * @param {number} batchSize
 * @returns {number[][][]}
 */
function batchesOf(rows, strategy, batchSize) {
  if (strategy === "bucketed") {
    // Sizes that differ by at most one; each pool of batches is sorted by itself.
    const steps = Math.ceil(rows.length / batchSize);
    const end = (/** @type {number} */ step) => Math.floor((step * rows.length) / steps);
    const pools = Math.max(1, roundHalfEven(steps / POOL));
    /** @type {number[][][]} */
    const sorted = Array.from({ length: pools }, () => []);
    for (let step = 0; step < steps; step += 1) {
      sorted[Math.floor((step * pools) / steps)].push(...rows.slice(end(step), end(step + 1)));
    }
    const inOrder = sorted.flatMap((part) => part.sort(([a], [b]) => a - b));
    return shuffled(Array.from({ length: steps }, (_, step) => inOrder.slice(end(step), end(step + 1))));
  }
  if (strategy === "sorted") {
    return cut(cut(rows, MEGA * batchSize).flatMap((part) => part.sort(([a], [b]) => b - a)), batchSize);
  }
  return cut(rows, batchSize);
}

/**
 * Best fit, the longest first, as `plan_packs` has it: each goes where the least room is left.
 *
 * @param {number[]} sizes
 * @param {number} packLength
 * @returns {number[][]}
 */
function planPacks(sizes, packLength) {
  /** @type {{room: number, pack: number[]}[]} */
  const packs = [];
  for (const size of [...sizes].sort((a, b) => b - a)) {
    let best = null;
    for (const own of packs) if (own.room >= size && (!best || own.room < best.room)) best = own;
    if (!best) packs.push((best = { room: packLength, pack: [] }));
    best.room -= size;
    best.pack.push(size);
  }
  return packs.map(({ pack }) => pack);
}

/**
 * Shuffle as `lab.py` does: by a generator of 32 bits, always from the same seed.
 *
 * @template T
 * @param {T[]} items
 * @returns {T[]}
 */
function shuffled(items) {
  const own = [...items];
  let state = 1;
  for (let last = own.length - 1; last > 0; last -= 1) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const chosen = Math.floor((state * (last + 1)) / 2 ** 32);
    [own[last], own[chosen]] = [own[chosen], own[last]];
  }
  return own;
}

/**
 * @template T
 * @param {T[]} items
 * @param {number} size
 * @returns {T[][]}
 */
function cut(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Round as Python does. @param {number} number */
function roundHalfEven(number) {
  const rounded = Math.round(number);
  return number % 1 === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((all, number) => all + number, 0);
}

/** @param {number[]} lengths */
function longestOf(lengths) {
  if (!lengths.length) throw new Error("lengths are one number for each entry; found none");
  return lengths.reduce((most, length) => Math.max(most, length), 0);
}

/** @param {string} name @param {number} number */
function checkNumber(name, number) {
  if (!Number.isInteger(number) || number < 1 || number > MOST) {
    throw new Error(`${name} is a whole number from 1 to ${count(MOST)}; found ${number}`);
  }
}

// What is said ----------------------------------------------------------------------------

/** @type {Record<string, string>} */
const SAID = {
  static: "Batches as they come. Every row is as wide as the longest text of the whole set.",
  dynamic: "The same batches as with static padding. Each is only as wide as its own longest text.",
  bucketed: "Texts of like length share a batch, and then the batches are shuffled.",
  sorted: "Some dozens of batches at a time are sorted, the longest first, and stay so. Look for the teeth.",
  packed: "A row holds as many texts as fit, one after another. So a batch of as many rows holds more texts, and there are fewer steps.",
};

/** @param {number} number */
function count(number) {
  return number.toLocaleString("en");
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

/** @param {number} number @param {string} one @param {string} [many] */
function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** @param {Epoch} epoch @param {State} state */
export function captionOf({ texts }, { batch_size, max_length }) {
  const limit = max_length === null ? "no maximum length" : `maximum length ${count(max_length)}`;
  return `An epoch of ${count(texts)} texts in batches of ${count(batch_size)}, ${limit}. Slots and attention: times those of dynamic padding.`;
}

/** @param {Epoch} epoch */
export function tallyOf({ plan, rows }) {
  const { cost } = /** @type {Row} */ (rows.find((row) => row.strategy === plan.strategy));
  const lost = plan.texts_cut
    ? `${counted(plan.texts_cut, "text is", "texts are")} cut and ${plan.texts_cut === 1 ? "loses its" : "lose their"} end token: ${counted(plan.ids_cut, "id is", "ids are")} gone.`
    : "No text is cut.";
  const against = plan.strategy === "dynamic" ? "" : `, ${cost.toFixed(2)} times those of dynamic padding`;
  return `${counted(plan.steps, "step")}, ${percent(plan.padding_share)} padding. The model computes on ${counted(plan.slots, "slot")}${against}. ${lost}`;
}

/** @param {Plan} plan @param {number} step counted from 0 */
export function stepOf(plan, step) {
  const [width, rows] = plan.batches[step];
  const texts = sum(rows.map((row) => row.length));
  const held = texts > rows.length ? ` that hold ${count(texts)} texts` : "";
  const share = 1 - sum(rows.map(sum)) / (width * rows.length);
  return `Step ${count(step + 1)} of ${count(plan.steps)}: ${counted(rows.length, "row")}${held}, ${counted(width, "slot")} wide, ${percent(share)} padding.`;
}

/** @param {Epoch} epoch @param {State} state */
export function tableOf(epoch, state) {
  const most = epoch.rows.reduce((most, { cost }) => Math.max(most, cost), 0);
  /** @type {(part: number) => string} */
  const wide = (part) => `data-wide="${(100 * part).toFixed(2)}%"`; // `write` makes it so
  const rows = epoch.rows.map(
    ({ strategy, padding_share, steps, cost, attention }) =>
      `<tr${strategy === epoch.plan.strategy ? ' aria-current="true"' : ""}><th scope="row">${strategy}</th>` +
      `<td>${percent(padding_share)}</td><td>${count(steps)}</td><td>${cost.toFixed(2)}</td><td>${attention.toFixed(2)}</td></tr>` +
      `<tr class="pl-bar" aria-hidden="true"><td colspan="5"><div ${wide(cost / most)}><div ${wide(1 - padding_share)}></div></div></td></tr>`,
  );
  const heads = ["strategy", "padding", "steps", "slots", "attention"].map((name) => `<th scope="col">${name}</th>`);
  return `<caption>${captionOf(epoch, state)}</caption><thead><tr>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody>`;
}

// The drawing -----------------------------------------------------------------------------

/**
 * Draw blocks one under another. Within a batch the longest row is on top: to the model the
 * order of the rows is all one, and a staircase is easier to read than a comb.
 *
 * @param {[width: number, rows: number[][]][]} batches
 * @param {number} across pixels of a slot
 * @param {number} down pixels of a row
 * @returns {{slots: string, text: string, borders: string}} paths
 */
export function pathsOf(batches, across, down) {
  /** @type {string[][]} */
  const [slots, text, borders] = [[], [], []];
  /** @type {(pixels: number) => string} */
  const at = (pixels) => String(Math.round(pixels * 100) / 100);
  let top = 0;
  for (const [width, rows] of batches) {
    const end = at((top + rows.length) * down);
    slots.push(`M0 ${at(top * down)}H${at(width * across)}V${end}H0z`);
    const sorted = rows.map((row) => ({ row, filled: sum(row) })).sort((a, b) => b.filled - a.filled);
    text.push(`M0 ${at(top * down)}`);
    sorted.forEach(({ row, filled }, i) => {
      text.push(`H${at(filled * across)}V${at((top + i + 1) * down)}`);
      let border = 0;
      for (const size of row.slice(0, -1)) {
        border += size;
        borders.push(`M${at(border * across)} ${at((top + i) * down)}v${at(down)}`);
      }
    });
    text.push("H0z");
    top += rows.length;
  }
  return { slots: slots.join(""), text: text.join(""), borders: borders.join("") };
}

/**
 * @param {[width: number, rows: number[][]][]} batches
 * @param {{across: number, down: number, wide: number, label: string, hatch: string, marked?: [top: number, height: number]}} how
 */
function pictureOf(batches, { across, down, wide, label, hatch, marked }) {
  const { slots, text, borders } = pathsOf(batches, across, down);
  const tall = Math.max(1, sum(batches.map(([, { length }]) => length)) * down);
  const mark = marked
    ? `<rect class="pl-mark" x="1" y="${Math.max(1, marked[0] - 1)}" width="${wide - 2}" height="${marked[1] + 2}"/>`
    : "";
  return (
    `<svg role="img" aria-label="${label}" viewBox="0 0 ${wide} ${tall}" preserveAspectRatio="none" data-tall="${tall}px">` +
    `<defs><pattern id="${hatch}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5"/><path d="M0 0V5"/></pattern></defs>` +
    `<path class="pl-slots" d="${slots}" fill="url(#${hatch})"/><path class="pl-text" d="${text}"/>` +
    `<path class="pl-borders" d="${borders}"/>${mark}</svg>`
  );
}

/**
 * @typedef {object} Lab a lab from within: what is chosen, what is planned, where it is drawn
 * @property {HTMLElement} root
 * @property {string} prefix
 * @property {Host} host
 * @property {(part: string) => HTMLElement} $ a part by its name
 * @property {HTMLInputElement[]} boxes strategy, batch size, maximum length, step
 * @property {State} state
 * @property {Epoch | null} epoch
 * @property {number} step counted from 0
 * @property {number} drawnWide pixels
 */

/**
 * Put the lab into an element.
 *
 * @param {HTMLElement} root
 * @param {State} first
 * @param {Host} host
 * @param {string} prefix for ids, one of its own for each lab of a page
 */
export function mount(root, first, host, prefix) {
  root.innerHTML = frameOf(prefix, Boolean(host.isPage));
  const $ = partsOf(root);
  const boxes = /** @type {HTMLInputElement[]} */ (["strategy", "size", "limit", "range"].map($));
  /** @type {Lab} */
  const own = { root, prefix, host, $, boxes, state: first, epoch: null, step: 0, drawnWide: 0 };
  listen(own, first);
  start(own, first);
  return {
    show: (/** @type {State} */ state) => start(own, state),
    complain: (/** @type {string} */ message) => complain($, message),
  };
}

/** @param {Lab} own @param {State} given */
function start(own, given) {
  const [strategy, size, limit] = own.boxes;
  own.state = given;
  own.step = 0;
  complain(own.$, "");
  for (const box of [size, limit]) box.removeAttribute("aria-invalid");
  strategy.value = given.strategy;
  size.value = String(given.batch_size);
  limit.value = given.max_length === null ? "" : String(given.max_length);
  change(own, {});
}

/** @param {Lab} own @param {Partial<State>} part */
function change(own, part) {
  own.state = { ...own.state, ...part };
  own.host.plan(own.state, (planned) => {
    own.epoch = planned;
    draw(own);
  });
}

/** @param {Lab} own */
function draw(own) {
  const { epoch, state, $ } = own;
  if (!epoch) return;
  const { plan } = epoch;
  own.step = Math.min(own.step, plan.steps - 1);
  own.boxes[3].max = String(plan.steps);
  $("said").textContent = SAID[plan.strategy];
  $("tally").textContent = tallyOf(epoch);
  write($("table"), tableOf(epoch, state));
  drawEpoch(own);
}

/** A slot has the same area in all settings, so that the areas of epochs can be compared. @param {Lab} own */
function scale(own) {
  const { plan, longest, texts } = /** @type {Epoch} */ (own.epoch);
  const wide = own.$("epoch").clientWidth || 600;
  const slots = plan.batches.reduce((most, [width]) => Math.max(most, width), longest);
  // Where long packs make a slot narrower, its row is taller: the area of a slot stays.
  return { wide, slots, across: wide / slots, down: (Math.min(12, 440 / texts) * slots) / longest };
}

/** @param {Lab} own */
function drawEpoch(own) {
  const { epoch, prefix, $ } = own;
  if (!epoch) return;
  const { plan } = epoch;
  const { wide, slots, across, down } = scale(own);
  own.drawnWide = wide;
  const label = `The epoch's ${counted(plan.steps, "batch", "batches")} one under another, first step on top; ${percent(plan.padding_share)} of the slots are pads.`;
  write($("epoch"), pictureOf(plan.batches, { across, down, wide, label, hatch: `${prefix}-hatch`, marked: [0, 0] }));
  $("scale").textContent = `${count(slots)} slots`;
  drawStep(own);
}

/** @param {Lab} own */
function drawStep(own) {
  const { epoch, step, prefix, boxes, $ } = own;
  if (!epoch) return;
  const { plan } = epoch;
  const range = boxes[3];
  const { wide, across, down } = scale(own);
  const above = sum(plan.batches.slice(0, step).map(([, rows]) => rows.length));
  const batch = plan.batches[step];
  const mark = /** @type {Element} */ ($("epoch").querySelector(".pl-mark"));
  mark.setAttribute("y", String(Math.max(1, above * down - 1)));
  mark.setAttribute("height", String(batch[1].length * down + 2));
  const said = stepOf(plan, step);
  range.value = String(step + 1);
  range.setAttribute("aria-valuetext", said);
  $("detail").textContent = said;
  const larger = Math.min(14, 168 / batch[1].length);
  write($("batch"), pictureOf([batch], { across, down: larger, wide, label: "This batch, its rows enlarged", hatch: `${prefix}-near` }));
}

// What the reader does --------------------------------------------------------------------

/** @param {Lab} own @param {State} first */
function listen(own, first) {
  const { root, boxes, $ } = own;
  const [strategy, size, limit, range] = boxes;
  strategy.addEventListener("change", () => changed(own));
  size.addEventListener("input", () => changed(own));
  limit.addEventListener("input", () => changed(own));
  range.addEventListener("input", () => {
    own.step = Number(range.value) - 1;
    drawStep(own);
  });
  $("epoch").addEventListener("pointermove", (event) => point(own, event));
  $("epoch").addEventListener("click", (event) => point(own, event));
  $("link").addEventListener("click", () => void copyLink($, hashOf(root.id, own.state)));
  $("reset").addEventListener("click", () => start(own, first));
  new ResizeObserver(() => {
    if ($("epoch").clientWidth !== own.drawnWide) drawEpoch(own);
  }).observe($("epoch"));
}

/** @param {Lab} own */
function changed(own) {
  const [strategy, size, limit] = own.boxes;
  try {
    const batch_size = /** @type {number} */ (read(size, "batch size", false));
    const max_length = read(limit, "maximum length", true);
    complain(own.$, "");
    change(own, { strategy: strategy.value, batch_size, max_length });
  } catch (error) {
    complain(own.$, /** @type {Error} */ (error).message);
  }
}

/** @param {HTMLInputElement} box @param {string} name @param {boolean} mayBeEmpty */
function read(box, name, mayBeEmpty) {
  const text = box.value.trim();
  box.removeAttribute("aria-invalid");
  if (mayBeEmpty && !text && !box.validity.badInput) return null;
  if (/^\d{1,7}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST) return Number(text);
  box.setAttribute("aria-invalid", "true");
  const found = text ? `found ${text.slice(0, 40)}` : box.validity.badInput ? "found something else" : "the box is empty";
  const may = mayBeEmpty ? ", or empty for none" : "";
  throw new Error(`The ${name} is a whole number from 1 to ${count(MOST)}${may}; ${found}. What is drawn is the epoch before that.`);
}

/** Look at the step under the pointer. @param {Lab} own @param {PointerEvent | MouseEvent} event */
function point(own, event) {
  const { epoch, $ } = own;
  if (!epoch) return;
  const box = $("epoch").getBoundingClientRect();
  let row = ((event.clientY - box.top) / box.height) * sum(epoch.plan.batches.map(([, rows]) => rows.length));
  const found = epoch.plan.batches.findIndex(([, rows]) => (row -= rows.length) < 0);
  if (found < 0 || found === own.step) return;
  own.step = found;
  drawStep(own);
}

// A link to a lab's settings --------------------------------------------------------------

/** @param {string} id @param {State} state */
export function hashOf(id, { strategy, batch_size, max_length }) {
  return `#lab=${id}.${strategy}.${batch_size}.${max_length ?? "none"}`;
}

/**
 * Read what `hashOf` wrote; null where the link is about something else.
 *
 * @param {string} hash
 * @param {string} id
 * @returns {State | null} raises an error for a damaged link
 */
export function readHash(hash, id) {
  if (!hash.startsWith(`#lab=${id}.`)) return null;
  const found = /^(\w+)\.(\d{1,7})\.(\d{1,7}|none)$/.exec(hash.slice(`#lab=${id}.`.length));
  if (!found || !STRATEGIES.includes(found[1])) throw new Error(`there is no lab at ${hash}`);
  const [strategy, size, limit] = found.slice(1);
  const state = { strategy, batch_size: Number(size), max_length: limit === "none" ? null : Number(limit) };
  checkNumber("batch_size", state.batch_size);
  if (state.max_length !== null) checkNumber("max_length", state.max_length);
  return state;
}

// The parts of the lab --------------------------------------------------------------------

/** @param {string} prefix @param {boolean} isPage */
function frameOf(prefix, isPage) {
  /** @type {(part: string, label: string, control: string) => string} */
  const field = (part, label, control) => fieldOf(prefix, part, label, control);
  const options = STRATEGIES.map((name) => `<option>${name}</option>`).join("");
  return `<div class="pl" role="group" aria-label="Padding lab">
<div class="pl-options">
${field("strategy", "Strategy", `<select >${options}</select>`)}
${field("size", "Batch size", `<input type="number" min="1" max="${MOST}" step="1">`)}
${field("limit", "Maximum length", `<input type="number" min="1" max="${MOST}" step="1" placeholder="none">`)}
</div>
<p class="pl-message" role="alert" data-part="message" hidden></p>
<p class="pl-said" data-part="said"></p>
<p class="pl-tally" role="status" data-part="tally"></p>
<div class="pl-epoch" data-part="epoch"></div>
<p class="pl-scale" aria-hidden="true"><span>0</span> <span data-part="scale"></span></p>
<ul class="pl-legend" aria-label="What the looks mean"><li><i class="pl-is-text"></i>text and its end token</li><li><i class="pl-is-pad"></i>pads</li><li>the first step is on top</li></ul>
<p class="pl-step">${field("range", "Step", '<input type="range" min="1" step="1">')}</p>
<p class="pl-detail" data-part="detail"></p>
<div class="pl-batch" data-part="batch"></div>
<table class="pl-table" data-part="table"></table>
${takeOf(isPage)}
</div>`;
}

// The two hosts ---------------------------------------------------------------------------

/** Bring a page's labs to life: each holds its lengths as JSON, and a table to read meanwhile. */
export function definePageElement() {
  definePage(
    "padding-lab",
    (root, data) => {
      /** @type {Host} */
      const host = { isPage: true, plan: (state, drawn) => drawn(epoch(data.lengths, state)) };
      return mount(root, data.state, host, root.id);
    },
    readHash,
  );
}

/** In Jupyter: the kernel's companion plans; see `PaddingLab` in `lab.py`. */
export function jupyterWidget() {
  let number = 0;
  return {
    /** @param {{model: any, el: HTMLElement}} context */
    render({ model, el }) {
      /** @type {(keyof State)[]} */
      const names = ["strategy", "batch_size", "max_length"];
      /** @type {() => State} */
      const chosen = () => /** @type {any} */ (Object.fromEntries(names.map((name) => [name, model.get(name)])));
      let known = JSON.stringify(chosen());
      /** @type {(epoch: Epoch) => void} */
      let draw = () => {};
      /** @type {Host} */
      const host = {
        plan(state, drawn) {
          draw = drawn;
          if (JSON.stringify(chosen()) === JSON.stringify(state)) return drawn(model.get("drawn"));
          known = JSON.stringify(state);
          for (const name of names) model.set(name, state[name]);
          model.save_changes();
        },
      };
      const lab = mount(el, chosen(), host, `lab-${model.model_id ?? ""}-${(number += 1)}`);
      const planned = () => {
        if (JSON.stringify(chosen()) === known) return draw(model.get("drawn"));
        known = JSON.stringify(chosen()); // it was the kernel, or another view, that changed it
        lab.show(chosen());
      };
      model.on("change:drawn", planned);
      return () => model.off("change:drawn", planned);
    },
  };
}
