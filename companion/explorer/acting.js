/**
 * Acting: what the reader does, by mouse and by keyboard, and what is changed by it.
 */

import { change, complain, look, start } from "./changing.js";
import { draw, drawDetail, drawEntries, drawOptions } from "./drawing.js";
import { refusalOf } from "./frames.js";
import { STEPS, isBefore } from "./lines.js";
import { edited, fit } from "./parts.js";
import { offerOf } from "./sentences.js";
import { linkTo, pythonOf } from "./sharing.js";
import { firstWrong, foldAt, outcomeOf } from "./turn.js";

/**
 * @typedef {import("./explorer.js").Explored} Explored
 * @typedef {import("./explorer.js").Turn} Turn
 * @typedef {import("./frames.js").Frames} Frames
 */

const PLAY_EVERY = 2500; // milliseconds

/** @param {Explored} own */
export function listen(own) {
  listenToTabs(own);
  listenToGrid(own);
  listenToKeys(own);
  listenToEntries(own);
  listenToOptions(own);
  listenToTurn(own);
  listenToTaking(own);
}

// The steps -------------------------------------------------------------------------------

/** @param {Explored} own */
function listenToTabs(own) {
  const { tabs, $ } = own;
  const last = tabs.length - 1;
  let playing = 0;
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    $("play").textContent = "Play";
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => (stop(), look(own, STEPS[i])));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      stop();
      const next = (to + tabs.length) % tabs.length;
      look(own, STEPS[next]);
      tabs[next].focus();
    });
  });
  $("play").addEventListener("click", () => {
    if (playing) return stop();
    look(own, STEPS[0]);
    $("play").textContent = "Stop";
    playing = window.setInterval(() => {
      const next = STEPS.indexOf(own.view.step) + 1;
      look(own, STEPS[next]);
      if (next === last) stop();
    }, PLAY_EVERY);
  });
}

// The grid --------------------------------------------------------------------------------

/** @param {Explored} own */
function listenToGrid(own) {
  const grid = own.$("grid");
  grid.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const fold = /** @type {HTMLElement | null} */ (target.closest("[data-open]"));
    const answer = /** @type {HTMLElement | null} */ (target.closest("[data-answer]"));
    const cell = /** @type {HTMLElement | null} */ (target.closest("td[data-at]"));
    if (fold) open(own, fold.dataset.open ?? "");
    else if (answer?.tagName === "BUTTON") toggle(own, answer);
    else if (cell) cell.focus();
  });
  grid.addEventListener("focusin", (event) => choose(own, /** @type {HTMLElement} */ (event.target)));
  grid.addEventListener("mouseover", (event) => {
    const cell = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("td[data-at]"));
    if (cell && !own.view.turn) choose(own, cell);
  });
  grid.addEventListener("mouseleave", () => {
    if (!own.view.turn && grid.contains(document.activeElement)) choose(own, /** @type {HTMLElement} */ (document.activeElement));
  });
}

/** Open a fold, and go to its first cell. @param {Explored} own @param {string} fold */
function open(own, fold) {
  const [row, first] = fold.split(":");
  own.view.open.add(fold);
  draw(own);
  /** @type {HTMLElement | null} */ (own.$("grid").querySelector(`td[data-at^="${row}:"][data-at$=":${first}"]`))?.focus();
}

/** @param {Explored} own @param {HTMLElement} target */
function choose(own, target) {
  const cell = /** @type {HTMLElement | null} */ (target.closest("td[data-at]"));
  if (!cell) return;
  const [row, name, position] = (cell.dataset.at ?? "").split(":");
  own.view.cell = { row: Number(row), name, position: Number(position) };
  own.$("grid").querySelectorAll('td[tabindex="0"]').forEach((td) => td.setAttribute("tabindex", "-1"));
  cell.tabIndex = 0;
  drawDetail(own);
}

/** @param {Explored} own */
function listenToKeys(own) {
  const grid = own.$("grid");
  grid.addEventListener("keydown", (event) => {
    const cell = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Enter" && cell.matches("input[data-answer]")) return check(own);
    if (!cell.matches("td[data-at]")) return;
    const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
    const rows = [...grid.querySelectorAll("tbody tr:has([data-at])")];
    const near = {
      ArrowRight: () => cell.nextElementSibling,
      ArrowLeft: () => cell.previousElementSibling,
      ArrowDown: () => rows[rows.indexOf(row) + 1]?.children[cellIndex(cell)],
      ArrowUp: () => rows[rows.indexOf(row) - 1]?.children[cellIndex(cell)],
      Home: () => row.querySelector("td"),
      End: () => row.lastElementChild,
    }[event.key];
    if (!near) return;
    event.preventDefault();
    const next = /** @type {HTMLElement | null | undefined} */ (near());
    (next?.querySelector("button") ?? (next?.matches("td") ? next : null))?.focus();
  });
}

/** @param {HTMLElement} cell */
function cellIndex(cell) {
  return [.../** @type {HTMLElement} */ (cell.parentElement).children].indexOf(cell);
}

// The batch -------------------------------------------------------------------------------

/** @param {Explored} own */
function listenToEntries(own) {
  const { $ } = own;
  const fitAll = () => fit([.../** @type {NodeListOf<HTMLTextAreaElement>} */ ($("entries").querySelectorAll("textarea"))]);
  new MutationObserver(fitAll).observe($("entries"), { childList: true }); // boxes that are new
  $("entries").closest("details")?.addEventListener("toggle", fitAll); // and those that can be seen now
  $("entries").addEventListener("input", (event) => {
    const box = /** @type {HTMLTextAreaElement} */ (event.target);
    const number = Number(box.dataset.entry);
    fit([box]);
    const entry = edited(own.state.entries[number], box);
    if (!entry) return complain(own, `Entry ${number + 1} takes ids, whole numbers from 0, with spaces between; drawn is the row before that.`);
    change(own, { entries: own.state.entries.map((old, i) => (i === number ? entry : old)) });
  });
  $("entries").addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("[data-remove]");
    if (!button) return;
    const number = Number(/** @type {HTMLElement} */ (button).dataset.remove);
    change(own, { entries: own.state.entries.filter((_, i) => i !== number) });
    drawEntries(own);
    /** @type {HTMLElement | null} */ ($("entries").querySelector("textarea,input"))?.focus();
  });
  $("add").addEventListener("click", () => {
    const { entries } = own.state;
    const isBare = Array.isArray(entries[entries.length - 1]); // one more of the same kind
    change(own, { entries: [...entries, isBare ? [0] : { instruction: "", input: "", output: "" }] });
    drawEntries(own);
    const last = /** @type {HTMLElement | null} */ ($("entries").lastElementChild);
    last?.querySelector("textarea")?.focus();
  });
}

/** @param {Explored} own */
function listenToOptions(own) {
  const { $, constants, host } = own;
  const chosen = (/** @type {string} */ part) => /** @type {HTMLSelectElement} */ ($(part)).value;
  const on = (/** @type {string} */ part, /** @type {() => void} */ act) => $(part).addEventListener("change", act);
  on("sample", () => {
    if (!Object.hasOwn(constants.samples, chosen("sample"))) return;
    change(own, { entries: constants.samples[chosen("sample")] });
    drawEntries(own);
  });
  on("style", () => change(own, { style: chosen("style") === "own" && own.style ? own.style : chosen("style") }));
  on("mask", () => change(own, { mask: chosen("mask") }));
  on("truncation", () => change(own, { truncation: chosen("truncation") }));
  on("show", () => {
    own.view = { ...own.view, show: chosen("show") };
    host.looked?.({ step: own.view.step, show: own.view.show });
    draw(own);
  });
  on("fault", () => {
    const fault = chosen("fault") || null;
    change(own, { fault });
    if (fault && isBefore(own.view.step, constants.faults[fault])) look(own, constants.faults[fault]);
  });
  $("max").addEventListener("input", () => {
    const text = chosen("max").trim();
    const isLength = /^\d{1,15}$/.test(text) && Number(text) >= 1 && Number(text) <= constants.most_length;
    if (text && !isLength) return complain(own, `The maximum length is a whole number from 1 to ${constants.most_length.toLocaleString("en")}; found ${text.slice(0, 40)}. What is drawn is the batch before that.`);
    change(own, { max_length: text ? Number(text) : null });
  });
  $("findings").addEventListener("click", (event) => {
    const isOffer = /** @type {HTMLElement} */ (event.target).closest("[data-offer]");
    const offer = isOffer && own.frames && offerOf(own.state, own.frames, constants);
    if (!offer) return;
    change(own, offer.part);
    drawEntries(own);
    drawOptions(own);
    $("fault").focus();
  });
  $("mend").addEventListener("click", () => {
    change(own, { fault: null });
    drawOptions(own);
    $("fault").focus();
  });
}

// Your turn -------------------------------------------------------------------------------

/** @param {Explored} own */
function listenToTurn(own) {
  const { $ } = own;
  $("refold").addEventListener("click", () => {
    own.view = { ...own.view, open: new Set(), cell: null };
    draw(own);
    $("grid").parentElement?.focus();
  });
  $("turn").addEventListener("click", () => {
    own.view = { ...own.view, cell: null, turn: { answers: new Map(), wrong: null, said: "", checks: 0 } };
    draw(own);
    /** @type {HTMLElement | null} */ ($("grid").querySelector("[data-answer]"))?.focus();
  });
  $("grid").addEventListener("input", (event) => {
    const box = /** @type {HTMLInputElement} */ (event.target);
    if (own.view.turn && box.dataset.answer) own.view.turn.answers.set(box.dataset.answer, box.value.trim());
  });
  $("check").addEventListener("click", () => check(own));
  $("reveal").addEventListener("click", () => {
    own.view = { ...own.view, turn: null };
    draw(own);
    /** @type {HTMLElement} */ ($("grid").parentElement).scrollLeft = 0;
    $("turn").focus();
  });
}

/** Ignore the targets of a button, or none of them. @param {Explored} own @param {HTMLElement} button */
function toggle({ view }, button) {
  if (!view.turn) return;
  const isIgnored = button.getAttribute("aria-pressed") !== "true";
  const [row, name, first] = (button.dataset.answer ?? "").split(":");
  for (let i = 0; i < Number(button.dataset.count); i += 1) {
    view.turn.answers.set(`${row}:${name}:${Number(first) + i}`, isIgnored ? "ignored" : "");
  }
  button.setAttribute("aria-pressed", String(isIgnored));
}

/** @param {Explored} own */
function check(own) {
  const { frames, view } = own;
  const { turn } = view;
  if (!turn || !frames) return;
  const { wrong, count } = firstWrong(frames, view.step, turn.answers);
  turn.checks += 1;
  turn.wrong = wrong?.at ?? null;
  const fold = wrong && foldAt(frames, view.step, wrong.at);
  if (fold) view.open.add(fold);
  turn.said = outcomeOf(view.step, wrong, count, turn.checks);
  draw(own);
  if (wrong) /** @type {HTMLElement | null} */ (own.$("grid").querySelector(`[data-answer="${wrong.at}"]`))?.focus();
  else own.root.dispatchEvent(new CustomEvent("turn-taken", { bubbles: true, detail: { step: view.step } }));
}

// To take away ----------------------------------------------------------------------------

/** @param {Explored} own */
function listenToTaking(own) {
  const { $, root, prefix, first, host, constants } = own;
  $("python").addEventListener("click", () => take(own, () => pythonOf(own.state, own.view, constants), "The Python"));
  $("link").addEventListener("click", () => take(own, () => linkTo(root.id || prefix, own.state, own.view), "The link"));
  $("reset").addEventListener("click", () => {
    own.view = { ...own.view, show: first.show ?? "text" };
    start(own, { ...constants.defaults, ...first.state }, first.step);
    host.changed?.(own.state);
    host.looked?.({ step: own.view.step, show: own.view.show });
  });
}

/**
 * Copy what is made of the state, if it is one.
 *
 * @param {Explored} own
 * @param {() => string} make
 * @param {string} what
 */
function take({ state, constants, $ }, make, what) {
  const why = refusalOf(state, constants);
  if (why) $("copying").textContent = `Nothing was copied: ${why}.`;
  else void copy($, make(), what);
}

/** @param {Explored["$"]} $ @param {string} text @param {string} what */
async function copy($, text, what) {
  const box = /** @type {HTMLTextAreaElement} */ ($("copied"));
  box.value = text;
  try {
    await navigator.clipboard.writeText(text);
    box.hidden = true;
    $("copying").textContent = `${what} is in the clipboard.`;
  } catch {
    // Over plain http a browser gives no clipboard; a selected text can be copied by hand.
    box.hidden = false;
    box.focus();
    box.select();
    $("copying").textContent = `${what} is selected below; copy it with the keyboard.`;
  }
}
