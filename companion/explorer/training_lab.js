/**
 * The training lab: leave a step out, and see what became of the model, beside the right run.
 *
 * All that is shown comes from the results that the page carries, or the kernel's widget; see
 * `training_lab.py`. `readChoice` is its `read_choice` once more: what comes from a link, a
 * kernel or the box of choices is a choice only once it went through there.
 */

import { complain, copyLink, definePage, escape, fieldOf, partsOf, takeOf, write } from "./labs.js";

/**
 * @typedef {object} Way one way to train or to ask
 * @property {string} said what is done
 * @property {string} told the verdict, or nothing
 * @property {string | null} twin the right run that it is compared with
 * @property {number} seeds how many runs
 * @property {[update: number, loss: number][]} curve
 * @property {Record<string, [mean: number, low: number, high: number]>} figures
 * @property {[mean: number, low: number, high: number] | null} harm
 * @property {[prompt: string, expected: string, answer: string, stopped: boolean][]} answers
 */

/** @typedef {Record<string, Way>} Ways */

// A choice from outside -------------------------------------------------------------------

/** @param {unknown} given @param {Ways} ways @returns {string} */
export function readChoice(given, ways) {
  const names = Object.keys(ways);
  if (typeof given === "string" && names.includes(given)) return given;
  throw new Error(`a choice is one of ${names.join(", ")}; found ${String(given).slice(0, 40)}`);
}

/** Write a name as a link has it. @param {string} name */
export function slugOf(name) {
  return name.replace(/\W+/g, "-");
}

/** @param {string} id @param {string} choice */
export function hashOf(id, choice) {
  return `#training=${id}.${slugOf(choice)}`;
}

/**
 * Read what `hashOf` wrote; null where the link is about something else.
 *
 * @param {string} hash
 * @param {string} id
 * @param {{ways: Ways}} data
 * @returns {string | null} raises an error for a damaged link
 */
export function readHash(hash, id, { ways }) {
  const begun = `#training=${id}.`;
  if (!hash.startsWith(begun)) return null;
  const slug = hash.slice(begun.length);
  return readChoice(Object.keys(ways).find((name) => slugOf(name) === slug), ways);
}

// What is said ----------------------------------------------------------------------------

/** The shares, of all that is told in figures. */
const SHARES = ["exact answers", "stops"];

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

/** @param {number} number three figures of it, without an exponent */
function short(number) {
  return number >= 100 ? number.toFixed(0) : String(Number(number.toPrecision(3)));
}

/** A mean with its interval. @param {string} name @param {[number, number, number] | undefined} figure */
function figureOf(name, figure) {
  if (!figure) return "";
  const isShare = SHARES.includes(name);
  const [low, high] = figure.slice(1).map((edge) => (isShare ? (100 * edge).toFixed(1) : short(edge)));
  return `${isShare ? percent(figure[0]) : short(figure[0])} <span class="tl-interval">[${low}, ${high}]</span>`;
}

/** @param {string} choice @param {Ways} ways */
export function tallyOf(choice, ways) {
  const { told, twin, harm, figures } = ways[choice];
  const exact = `${percent(figures["exact answers"][0])} of the answers are exact, ${percent(figures.stops[0])} stop.`;
  if (!twin || !harm) return exact;
  const [mean, low, high] = harm.map((part) => (100 * part).toFixed(1));
  return `${told} ${exact} Against “${twin}”, that is ${mean} points of exact answers; the interval of the difference runs from ${low} to ${high}.`;
}

/** An interval to scale, from 0 to 1. @param {[number, number, number]} figure */
function barOf([mean, low, high]) {
  const at = (/** @type {number} */ share) => (100 * share).toFixed(1);
  return (
    `<svg viewBox="0 0 102 7" preserveAspectRatio="none"><rect class="tl-track" x="0" y="3" width="102" height="1"/>` +
    `<rect class="tl-range" x="${at(low)}" y="2" width="${at(Math.max(0.01, high - low))}" height="3"/>` +
    `<rect class="tl-range" x="${at(mean)}" y="0" width="2" height="7"/></svg>`
  );
}

/** @param {string} choice @param {Ways} ways */
export function figuresOf(choice, ways) {
  const { twin, seeds, figures } = ways[choice];
  const others = twin ? ways[twin].figures : null;
  const heads = [choice, ...(twin ? [twin] : [])].map((name) => `<th scope="col">${escape(name)}</th>`);
  const rows = Object.keys(figures).map((name) => {
    const own = figures[name];
    const other = others?.[name];
    const cells = `<td>${figureOf(name, own)}</td>${others ? `<td>${figureOf(name, other)}</td>` : ""}`;
    const bars = SHARES.includes(name)
      ? `<tr class="pl-bar" aria-hidden="true"><td></td><td class="tl-own">${barOf(own)}</td>${other ? `<td>${barOf(other)}</td>` : ""}</tr>`
      : "";
    return `<tr><th scope="row">${name}</th>${cells}</tr>${bars}`;
  });
  const runs = seeds === 1 ? "one run" : `${seeds} runs`;
  const caption = `Means over ${runs} of “${escape(choice)}”. In brackets: an interval of 95 in 100; of the printed loss, its lowest and its highest run.`;
  return `<caption>${caption}</caption><thead><tr><td></td>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody>`;
}

/** @param {string} answer @param {boolean} stopped */
function saidOf(answer, stopped) {
  return `<code>${escape(answer)}</code> ${stopped ? "(stops)" : "… (goes on)"}`;
}

/** @param {string} choice @param {Ways} ways */
export function answersOf(choice, ways) {
  const { answers, twin } = ways[choice];
  const rows = answers.map(([prompt, expected, answer, stopped], i) => {
    const asked = `<tr class="tl-asked"><th colspan="2" scope="rowgroup">Asked: <code>${escape(prompt.replaceAll("\n", "⏎"))}</code><br>Expected: <code>${escape(expected)}</code></th></tr>`;
    const line = (/** @type {string} */ name, /** @type {string} */ said) =>
      `<tr class="tl-said"><th scope="row">${escape(name)}</th><td>${said}</td></tr>`;
    const other = twin ? ways[twin].answers[i] : null;
    return `<tbody>${asked}${line(choice, saidOf(answer, stopped))}${other && twin ? line(twin, saidOf(other[2], other[3])) : ""}</tbody>`;
  });
  return `<caption>Three answers of a first run; ⏎ is a line break.</caption>${rows.join("")}`;
}

// The drawing -----------------------------------------------------------------------------

/**
 * Draw curves of the loss in one frame, the losses on a logarithmic scale.
 *
 * @param {[update: number, loss: number][][]} curves the chosen one first
 * @param {number} wide pixels
 * @param {string} label
 */
export function pictureOf(curves, wide, label) {
  const tall = 220;
  const [left, right, top, bottom] = [44, wide - 8, 8, tall - 24];
  const points = curves.flat();
  const last = Math.max(...points.map(([update]) => update));
  const losses = points.map(([, loss]) => Math.log10(Math.max(loss, 1e-6)));
  const [low, high] = [Math.floor(Math.min(...losses)), Math.ceil(Math.max(...losses))];
  const x = (/** @type {number} */ update) => (left + ((right - left) * update) / last).toFixed(1);
  const y = (/** @type {number} */ power) => (bottom - ((bottom - top) * (power - low)) / Math.max(1, high - low)).toFixed(1);
  const powers = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const grid = powers.map(
    (power) =>
      `<path class="tl-grid" d="M${left} ${y(power)}H${right}"/><text x="${left - 4}" y="${Number(y(power)) + 4}" text-anchor="end">${power < 0 ? (10 ** power).toFixed(-power) : 10 ** power}</text>`,
  );
  const updates = [0, last / 2, last].map(
    (update, i) => `<text x="${x(update)}" y="${tall - 6}" text-anchor="${["start", "middle", "end"][i]}">${Math.round(update)}</text>`,
  );
  const lines = curves.map(
    (curve, i) =>
      `<path class="tl-line${i ? "" : " tl-is-own"}" d="M${curve.map(([update, loss]) => `${x(update)} ${y(Math.log10(Math.max(loss, 1e-6)))}`).join("L")}"/>`,
  );
  // The chosen one last, so that it lies on top.
  return `<svg role="img" aria-label="${escape(label)}" viewBox="0 0 ${wide} ${tall}" data-tall="${tall}px">${grid.join("")}${updates.join("")}${lines.reverse().join("")}</svg>`;
}

/** @param {string} choice @param {Ways} ways */
export function curveLabelOf(choice, ways) {
  const ends = [choice, ways[choice].twin].flatMap((name) =>
    name ? [`“${name}” begins at ${short(ways[name].curve[0][1])} and ends at ${short(/** @type {number[]} */ (ways[name].curve.at(-1))[1])}`] : [],
  );
  return `The printed loss by updates, on a logarithmic scale: ${ends.join("; ")}.`;
}

// The lab ---------------------------------------------------------------------------------

/**
 * Put the lab into an element.
 *
 * @param {HTMLElement} root
 * @param {{choice: string, ways: Ways}} data
 * @param {{prefix: string, isPage: boolean, changed?: (choice: string) => void}} host
 */
export function mount(root, { choice: first, ways }, { prefix, isPage, changed }) {
  root.innerHTML = frameOf(prefix, isPage, Object.keys(ways));
  const $ = partsOf(root);
  const box = /** @type {HTMLSelectElement} */ ($("choice"));
  let choice = readChoice(first, ways);
  let drawnWide = 0;
  const drawCurve = () => {
    const { curve, twin } = ways[choice];
    drawnWide = $("curve").clientWidth;
    const curves = [curve, ...(twin && twin !== choice ? [ways[twin].curve] : [])];
    write($("curve"), pictureOf(curves, drawnWide || 600, curveLabelOf(choice, ways)));
  };
  const draw = () => {
    const { said, twin } = ways[choice];
    box.value = choice;
    $("said").textContent = said;
    $("tally").textContent = tallyOf(choice, ways);
    $("own").textContent = choice;
    $("twin").textContent = twin ?? "";
    /** @type {HTMLElement} */ ($("twin").closest("li")).hidden = !twin;
    write($("figures"), figuresOf(choice, ways));
    write($("answers"), answersOf(choice, ways));
    drawCurve();
  };
  const show = (/** @type {string} */ given) => {
    choice = readChoice(given, ways);
    complain($, "");
    draw();
  };
  const choose = (/** @type {string} */ given) => {
    show(given);
    changed?.(choice);
  };
  box.addEventListener("change", () => choose(box.value));
  $("reset").addEventListener("click", () => choose(first));
  $("link").addEventListener("click", () => void copyLink($, hashOf(root.id, choice)));
  new ResizeObserver(() => {
    if ($("curve").clientWidth !== drawnWide) drawCurve();
  }).observe($("curve"));
  draw();
  return { show, complain: (/** @type {string} */ message) => complain($, message) };
}

/** @param {string} prefix @param {boolean} isPage @param {string[]} names */
function frameOf(prefix, isPage, names) {
  const options = names.map((name) => `<option>${escape(name)}</option>`).join("");
  const line = (/** @type {string} */ own) =>
    `<svg viewBox="0 0 30 10" aria-hidden="true"><path class="tl-line${own}" d="M0 5H30"/></svg>`;
  return `<div class="pl tl" role="group" aria-label="Training lab">
<div class="pl-options">${fieldOf(prefix, "choice", "Leave out", `<select >${options}</select>`)}</div>
<p class="pl-message" role="alert" data-part="message" hidden></p>
<p class="pl-said" data-part="said"></p>
<p class="pl-tally" role="status" data-part="tally"></p>
<p class="tl-title">Printed loss, by updates</p>
<div data-part="curve"></div>
<ul class="pl-legend" aria-label="What the lines mean"><li>${line(" tl-is-own")}<span data-part="own"></span></li><li>${line("")}<span data-part="twin"></span></li></ul>
<table class="pl-table" data-part="figures"></table>
<table class="pl-table" data-part="answers"></table>
${takeOf(isPage)}
</div>`;
}

// The two hosts ---------------------------------------------------------------------------

/** Bring a page's labs to life: each holds its ways as JSON, and a table to read meanwhile. */
export function definePageElement() {
  definePage("training-lab", (root, data) => mount(root, data, { prefix: root.id, isPage: true }), readHash);
}

/** In Jupyter: what is shown is the widget's; see `TrainingLab` in `training_lab.py`. */
export function jupyterWidget() {
  let number = 0;
  return {
    /** @param {{model: any, el: HTMLElement}} context */
    render({ model, el }) {
      const data = { choice: model.get("choice"), ways: model.get("ways") };
      const prefix = `training-lab-${model.model_id ?? ""}-${(number += 1)}`;
      const lab = mount(el, data, {
        prefix,
        isPage: false,
        changed(choice) {
          model.set("choice", choice);
          model.save_changes();
        },
      });
      const follow = () => lab.show(model.get("choice"));
      model.on("change:choice", follow);
      return () => model.off("change:choice", follow);
    },
  };
}
