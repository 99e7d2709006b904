/**
 * The parts around the grid, as HTML: tabs, options, the boxes of the entries; and what a box's
 * text makes of an entry.
 */

import { isTalk } from "./frames.js";
import { STEPS, TITLES, escape } from "./lines.js";
import { wordsFor } from "./sentences.js";

/**
 * @typedef {import("./explorer.js").Constants} Constants
 * @typedef {import("./frames.js").State["entries"][number]} Entry
 */

const MOST_OF_WINDOW = 0.6;

/** @type {("instruction" | "input" | "output")[]} */
export const FIELDS = ["instruction", "input", "output"];

/**
 * Let boxes be as high as their texts, or as most of the window. All are measured before one is
 * changed, so that the page is laid out once.
 *
 * @param {HTMLTextAreaElement[]} boxes
 */
export function fit(boxes) {
  boxes.forEach((box) => (box.style.height = "auto"));
  const heights = boxes.map((box) => box.scrollHeight + box.offsetHeight - box.clientHeight);
  boxes.forEach((box, i) => (box.style.height = box.scrollHeight ? `${Math.min(heights[i], MOST_OF_WINDOW * innerHeight)}px` : ""));
}

/**
 * Give the entry that a box's text makes; null where it should hold ids and does not.
 *
 * @param {Entry} entry
 * @param {HTMLTextAreaElement | HTMLSelectElement} box
 * @param {Constants} [constants]
 * @returns {Entry | null}
 */
export function edited(entry, box, constants) {
  if (isTalk(entry)) return constants?.kind?.edited(entry, box) ?? null;
  if (!Array.isArray(entry)) return { ...entry, [box.dataset.field ?? ""]: box.value };
  const ids = box.value.split(/[\s,]+/).filter(Boolean).map(Number);
  return ids.length && ids.every((id) => Number.isSafeInteger(id) && id >= 0) ? ids : null;
}

/** @param {string} value @param {string} text */
function option(value, text) {
  return `<option value="${escape(value)}">${escape(text)}</option>`;
}

/**
 * Give what there is to choose from, of each select that is not the same for every batch.
 *
 * @param {Constants} constants
 * @returns {Record<string, string>}
 */
export function choicesOf(constants) {
  const { styles, masks, faults, samples } = constants;
  const [faultNames, maskNames] = [wordsFor("faults", constants), wordsFor("masks", constants)];
  /** @type {(values: string[], names?: Record<string, string>) => string} */
  const options = (values, names) => values.map((value) => option(value, names?.[value] ?? value)).join("");
  return {
    style: options(Object.keys(styles)),
    mask: options(masks, maskNames),
    fault: option("", "nothing") + options(Object.keys(faults), faultNames),
    sample: option("", "choose one") + options(Object.keys(samples)),
  };
}

/** What a batch, and its choices, are called, where they are not conversations. */
export const NAMES = {
  one: "Entry",
  all: "The entries of this batch",
  add: "Add an entry",
  style: "Prompt style",
  mask: "Mask",
};

/** @param {string} prefix @param {string} name @param {Constants} constants */
export function frameOf(prefix, name, { truncations }) {
  const tabs = STEPS.map(
    (step, i) =>
      `<button type="button" role="tab" id="${prefix}-${step}" aria-controls="${prefix}-panel">` +
      `<span aria-hidden="true">${i + 1}</span> ${TITLES[i]}</button>`,
  );
  /** @type {(part: string, label: string, control: string) => string} */
  const field = (part, label, control) =>
    `<span class="be-field"><label for="${prefix}-of-${part}">${label}</label> ${control}</span>`;
  /** @type {(part: string, label: string, options: string[]) => string} */
  const select = (part, label, options) =>
    field(part, label, `<select data-part="${part}" id="${prefix}-of-${part}">${options.join("")}</select>`);
  /** @type {(part: string, label: string) => string} */
  const button = (part, label) => `<button type="button" data-part="${part}">${label}</button>`;
  return `<div class="be batch-table" role="group" aria-label="${escape(name)} explorer">
<div class="be-steps"><div role="tablist" aria-label="The six steps">${tabs.join("")}</div>${button("play", "Play")}</div>
<p class="be-message" role="status" data-part="told" hidden></p>
<div class="be-body">
<div class="be-panel" role="tabpanel" id="${prefix}-panel" data-part="panel">
<p class="be-said"><span data-part="said"></span> <span data-part="changed"></span></p>
<div class="be-explained" data-part="explained"></div>
<div class="be-options" id="${prefix}-options">
${select("style", NAMES.style, [])}
${field("max", "Maximum length", `<input data-part="max" id="${prefix}-of-max" inputmode="numeric" size="5" maxlength="16" autocomplete="off">`)}
${select("truncation", "What is too long", truncations.map((value) => option(value, value.replace("_", " "))))}
${select("mask", NAMES.mask, [])}
${select("show", "Show", [option("text", "text"), option("ids", "ids")])}
${select("fault", "Break it", [])}
${button("mend", "Mend")}
<button type="button" data-part="settings" aria-controls="${prefix}-options" aria-expanded="false">Settings</button>
</div>
<p class="be-message" role="alert" data-part="message" hidden></p>
${mapOf(prefix)}
<p class="be-detail" data-part="detail" aria-live="polite"></p>
<div class="be-grid bt-scroll" role="region" tabindex="0" aria-label="${escape(name)}, grid"><div data-part="grid" class="be-tables"></div></div>
<ul class="bt-legend" data-part="legend" aria-label="What the looks mean"></ul>
<div class="be-turn">${button("refold", "Fold again")} ${button("turn", "Your turn")}<span data-part="trying" hidden>${button("check", "Check")} ${button("reveal", "Show me")}</span> <span data-part="outcome" role="status"></span></div>
<p class="be-tally" data-part="tally"></p>
<div class="be-findings" data-part="findings"></div>
</div>
<details class="be-batch" data-part="batch"><summary data-part="all">${NAMES.all}</summary>
${select("sample", "Sample", [])}
<div data-part="entries"></div>
${button("add", NAMES.add)}
</details>
</div>
<p class="bt-spoken" role="status" data-part="live"></p>
<div class="be-take">${button("python", "Copy as Python")} ${button("link", "Copy link")} ${button("reset", "Reset")} <span role="status" data-part="copying"></span>
<textarea data-part="copied" rows="4" readonly hidden aria-label="To copy"></textarea></div>
</div>`;
}

/** Give the whole tensor to scale, and what names and moves the place in it. @param {string} prefix */
function mapOf(prefix) {
  return `<div class="be-places" data-part="places">
<div class="be-map" data-part="map" role="slider" tabindex="0" aria-label="Place in the tensor" aria-valuemin="0" aria-describedby="${prefix}-keys"><div data-part="picture"></div><i data-part="window"></i><i data-part="band"></i><i data-part="here"></i></div>
<p class="be-column"><label for="${prefix}-of-column">Column</label> <input type="number" min="0" step="1" data-part="column" id="${prefix}-of-column"> <span id="${prefix}-keys">click the map, or use the arrow keys; shaded is what stands below</span></p>
<p class="bt-spoken" data-part="words"></p>
</div>`;
}

/**
 * @param {Entry} entry
 * @param {number} number
 * @param {string} prefix
 * @param {number} count how many entries there are
 * @param {Constants} constants
 */
export function entryOf(entry, number, prefix, count, constants) {
  const { one } = constants.kind?.names ?? NAMES;
  const remove =
    count > 1
      ? `<button type="button" data-remove="${number}">Remove<span class="bt-spoken"> ${one.toLowerCase()} ${number + 1}</span></button>`
      : "";
  /** @type {(field: string, label: string, text: string) => string} */
  const box = (field, label, text) =>
    `<label for="${prefix}-${number}-${field}">${label}</label>` +
    `<textarea id="${prefix}-${number}-${field}" rows="1" data-entry="${number}" ` +
    `data-field="${field}" dir="auto" spellcheck="false">\n${escape(text)}</textarea>`;
  const boxes = isTalk(entry)
    ? constants.kind?.boxesOf(entry, number, prefix, constants)
    : Array.isArray(entry)
      ? box("ids", "Ids", entry.join(" "))
      : FIELDS.map((field) => box(field, field[0].toUpperCase() + field.slice(1), entry[field])).join("");
  return `<fieldset id="${prefix}-entry-${number}"><legend>${one} ${number + 1}</legend>${boxes}${remove}</fieldset>`;
}
