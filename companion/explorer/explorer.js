/**
 * The batch explorer: a batch of entries, the six steps as tabs, and the tensors of the chosen
 * step as a grid of tokens. It draws frames (`frames.js`, `frames.py`) and makes no number
 * itself. Where the frames come from is its host's business (`hosts.js`).
 */

import { legendOf, tableOf, textTable, write } from "./table.js";
import { STEPS, TITLES, linesOf, runsOf } from "./lines.js";
import { edited, entryOf, frameOf, tooLong } from "./parts.js";
import { detailOf, findingOf, learnedOf, sentenceOf, tallyOf } from "./sentences.js";
import { linkTo, pythonOf } from "./sharing.js";
import { TASKS, hintFor } from "./turn.js";

/**
 * @typedef {import("./frames.js").State} State
 * @typedef {import("./frames.js").Frames} Frames
 * @typedef {import("./frames.js").Row} Row
 * @typedef {import("./frames.js").Constants & {
 *   rules: Record<string, {severity: string, sentence: string, cure: string}>,
 *   samples: Record<string, (import("./frames.js").Entry | number[])[]>}} Constants
 */

/**
 * @typedef {object} View what is looked at, beside what the batch is
 * @property {string} step
 * @property {string} show "text" or "ids"
 * @property {Set<string>} open the folds that were opened
 * @property {{row: number, name: string, position: number} | null} cell the chosen cell
 * @property {Turn | null} turn
 */

/**
 * @typedef {object} Turn the reader's own attempt at a step
 * @property {Map<string, string>} answers by `row:column`; a token's id, or "ignored"
 * @property {string | null} wrong the first wrong cell
 * @property {string} said
 * @property {number} checks
 */

/**
 * @typedef {import("./lines.js").Cell} Cell
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./table.js").Table} Table
 */

/**
 * @typedef {object} Host where the explorer stands
 * @property {(state: State, drawn: (frames: Frames) => void, failed: (message: string) => void)
 *   => void} frames calls `drawn` at once where it can
 * @property {boolean} [isPage] whether it has an address that a link can lead to
 * @property {(state: State) => void} [changed] told of what the reader has chosen
 * @property {(view: {step: string, show: string}) => void} [looked]
 */

/**
 * @typedef {object} Explorer what its host may ask of it
 * @property {(from: State, step: string, why?: string) => void} show another batch, and say why
 * @property {(why: string) => void} tell the reader why they see what they see
 * @property {(step: string, show: string) => void} look at another step
 */

const MOST_ASKED = 60; // targets that a reader is asked to fill in

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
  const prefix = `be${(made += 1)}`;
  const name = made > 1 ? `Batch ${made}` : "Batch";
  /** @type {State} */
  let state = { ...constants.defaults, ...first.state };
  /** @type {View} */
  let view = { step: first.step, show: first.show ?? "text", open: new Set(), cell: null, turn: null };
  /** @type {Frames | null} */
  let frames = null;
  /** @type {Frames | null} */
  let healthy = null;
  let playing = 0;
  let announcing = 0;

  root.innerHTML = frameOf(prefix, name, constants);
  const own = typeof first.state.style === "object" ? first.state.style : null;
  /** @param {string} part @returns {HTMLElement} */
  const $ = (part) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${part}"]`));
  if (own) /** @type {HTMLSelectElement} */ ($("style")).add(new Option(String(own.name), "own"));
  $("link").hidden = !host.isPage;
  const tabs = /** @type {HTMLElement[]} */ ([...root.querySelectorAll('[role="tab"]')]);
  /** @type {Table[]} */
  const drawnTables = [];

  // What is drawn --------------------------------------------------------------------------

  function recompute() {
    const asked = state;
    const long = tooLong(state);
    if (long) return complain(long);
    const isBroken = Boolean(state.fault);
    host.frames(
      state,
      (made) => {
        if (asked !== state) return; // a newer state is on its way
        frames = made;
        if (!isBroken) healthy = made;
        complain("");
        draw();
      },
      complain,
    );
    if (isBroken) {
      host.frames(
        { ...state, fault: null },
        (made) => {
          if (asked !== state) return;
          healthy = made;
          if (frames) draw();
        },
        complain,
      );
    }
  }

  function draw() {
    if (!frames) return;
    const { step } = view;
    tabs.forEach((tab, i) => {
      const isChosen = STEPS[i] === step;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      if (isChosen) $("panel").setAttribute("aria-labelledby", tab.id);
    });
    const lines = linesOf(frames, step);
    $("grid").dataset.step = step;
    $("said").textContent = view.turn ? TASKS[step] : sentenceOf(frames, state, step);
    const marked = view.turn?.wrong ? new Map([[view.turn.wrong, "wrong"]]) : differences(step);
    const byRow = frames.rows.map((_, number) => lines.filter((line) => line.row === number));
    drawTables(
      step === "format"
        ? frames.rows.map((row, number) => textTable(row, number, constants))
        : byRow.filter((own) => own.length).map((own) => tableOf(own, view, constants, marked)),
    );
    const changed = lines.flatMap((line) => line.cells).filter((cell) => cell.changed).length;
    $("changed").textContent = changed && !view.turn ? `This step changed ${changed} cells; those that are not folded away are outlined.` : "";
    const isFolded = Boolean($("grid").querySelector(".bt-fold"));
    $("legend").innerHTML = legendOf(frames, lines, constants, isFolded, Boolean(state.fault && marked.size));
    drawFindings();
    drawTurn();
    drawDetail();
    $("tally").innerHTML = view.turn ? "" : tallyOf(frames, step); // which would count the answers
    clearTimeout(announcing);
    announcing = window.setTimeout(() => {
      $("live").textContent = `${TITLES[STEPS.indexOf(step)]}. ${$("said").textContent} ${$("tally").textContent} ${$("findings").textContent}`;
    }, 600);
  }

  /** @param {Table[]} tables */
  function drawTables(tables) {
    const grid = $("grid");
    while (grid.children.length > tables.length) {
      grid.lastElementChild?.remove();
      drawnTables.pop();
    }
    tables.forEach((table, i) => {
      if (!grid.children[i]) grid.append(Object.assign(document.createElement("div"), { className: "be-entry" }));
      write(grid.children[i], table, drawnTables[i]);
      drawnTables[i] = table;
    });
    const first = grid.querySelector("td[data-at]");
    if (first && !grid.querySelector('td[tabindex="0"]')) /** @type {HTMLElement} */ (first).tabIndex = 0;
  }

  /** Give the targets that a fault has changed. @param {string} step */
  function differences(step) {
    const marks = new Map();
    if (!state.fault || !healthy?.batch || !frames?.batch || STEPS.indexOf(step) < 3) return marks;
    const right = linesOf(healthy, step);
    for (const line of linesOf(frames, step)) {
      const twin = right.find((own) => own.row === line.row && own.name === line.name);
      line.cells.forEach((cell, i) => {
        if (twin?.cells[i]?.value !== cell.value) marks.set(`${line.row}:${line.name}:${cell.position}`, "changed by the fault");
      });
    }
    return marks;
  }

  function drawFindings() {
    const found = frames?.findings ?? [];
    const count = frames?.batch?.inputs.length ?? 0;
    const learned = state.fault && frames ? `<p>${learnedOf(state.fault, frames, state.mask ?? "none")}</p>` : "";
    const list = found.map((finding) => findingOf(finding, constants, count)).join("");
    $("findings").innerHTML = list || learned ? `${learned}${list ? `<ul>${list}</ul>` : ""}` : "";
    $("mend").hidden = !state.fault;
  }

  function drawDetail() {
    const grid = $("grid");
    grid.querySelectorAll(`.${LIT.join(",.")}`).forEach((td) => td.classList.remove(...LIT));
    if (!view.cell || !frames || view.turn) {
      const isGrid = view.step !== "format" && !view.turn;
      $("detail").textContent = isGrid ? "Choose a cell to read what it is, or what the model is asked there." : "";
      return;
    }
    const { row, name, position } = view.cell;
    const lines = linesOf(frames, view.step).filter((line) => line.row === row);
    $("detail").innerHTML = detailOf(lines, name, position, constants);
    for (const td of /** @type {NodeListOf<HTMLElement>} */ (grid.querySelectorAll(`td[data-at^="${row}:"]`))) {
      const [, own, at] = (td.dataset.at ?? "").split(":");
      const light = lightOf(lines, view.cell, { name: own, position: Number(at) });
      if (light) td.classList.add(light);
    }
  }

  /** @param {string} message */
  function complain(message) {
    $("message").textContent = message;
    $("message").hidden = !message;
  }

  // What the reader does --------------------------------------------------------------------

  /** @param {string} step */
  function look(step) {
    view = { ...view, step, cell: null, turn: null };
    host.looked?.({ step, show: view.show });
    draw();
  }

  /** @param {Partial<State>} change */
  function change(change) {
    tell("");
    state = { ...state, ...change };
    view = { ...view, turn: null, cell: null };
    host.changed?.(state);
    recompute();
  }

  function stop() {
    clearInterval(playing);
    playing = 0;
    $("play").textContent = "Play";
  }

  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => (stop(), look(STEPS[i])));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: 5 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      stop();
      const next = (to + 6) % 6;
      look(STEPS[next]);
      tabs[next].focus();
    });
  });
  $("play").addEventListener("click", () => {
    if (playing) return stop();
    look(STEPS[0]);
    $("play").textContent = "Stop";
    playing = window.setInterval(() => {
      const next = STEPS.indexOf(view.step) + 1;
      look(STEPS[next]);
      if (next === 5) stop();
    }, 2500);
  });

  $("grid").addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const fold = /** @type {HTMLElement | null} */ (target.closest("[data-open]"));
    const answer = /** @type {HTMLElement | null} */ (target.closest("[data-answer]"));
    const cell = /** @type {HTMLElement | null} */ (target.closest("td[data-at]"));
    if (fold) {
      const first = `td[data-at^="${fold.dataset.open?.split(":")[0]}:"][data-at$=":${fold.dataset.open?.split(":")[1]}"]`;
      view.open.add(/** @type {string} */ (fold.dataset.open));
      draw();
      /** @type {HTMLElement | null} */ ($("grid").querySelector(first))?.focus();
    } else if (answer?.tagName === "BUTTON") toggle(answer);
    else if (cell) cell.focus();
  });
  $("grid").addEventListener("focusin", (event) => choose(/** @type {HTMLElement} */ (event.target)));
  $("grid").addEventListener("mouseover", (event) => {
    const cell = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("td[data-at]"));
    if (cell && !view.turn) choose(cell);
  });
  $("grid").addEventListener("mouseleave", () => {
    if (!view.turn && $("grid").contains(document.activeElement)) choose(/** @type {HTMLElement} */ (document.activeElement));
  });
  $("grid").addEventListener("keydown", (event) => {
    const cell = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Enter" && cell.matches("input[data-answer]")) return check();
    if (!cell.matches("td[data-at]")) return;
    const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
    const own = [...$("grid").querySelectorAll("tbody tr:has([data-at])")];
    const near = {
      ArrowRight: () => cell.nextElementSibling,
      ArrowLeft: () => cell.previousElementSibling,
      ArrowDown: () => own[own.indexOf(row) + 1]?.children[cellIndex(cell)],
      ArrowUp: () => own[own.indexOf(row) - 1]?.children[cellIndex(cell)],
      Home: () => row.querySelector("td"),
      End: () => row.lastElementChild,
    }[event.key];
    if (!near) return;
    event.preventDefault();
    const next = /** @type {HTMLElement | null | undefined} */ (near());
    (next?.querySelector("button") ?? (next?.matches("td") ? next : null))?.focus();
  });

  /** @param {HTMLElement} target */
  function choose(target) {
    const cell = /** @type {HTMLElement | null} */ (target.closest("td[data-at]"));
    if (!cell) return;
    const [row, name, position] = (cell.dataset.at ?? "").split(":");
    view.cell = { row: Number(row), name, position: Number(position) };
    $("grid").querySelectorAll('td[tabindex="0"]').forEach((td) => td.setAttribute("tabindex", "-1"));
    cell.tabIndex = 0;
    drawDetail();
  }

  // The entries -----------------------------------------------------------------------------

  function drawEntries() {
    $("entries").innerHTML = state.entries.map((entry, i) => entryOf(entry, i, prefix, state.entries.length)).join("");
    $("add").toggleAttribute("disabled", state.entries.length >= constants.most_entries);
  }
  $("entries").addEventListener("input", (event) => {
    const box = /** @type {HTMLTextAreaElement} */ (event.target);
    const number = Number(box.dataset.entry);
    const entry = edited(state.entries[number], box);
    if (!entry) return complain(`Entry ${number + 1} takes ids, whole numbers from 0, with spaces between; drawn is the row before that.`);
    change({ entries: state.entries.map((old, i) => (i === number ? entry : old)) });
  });
  $("entries").addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("[data-remove]");
    if (!button) return;
    const number = Number(/** @type {HTMLElement} */ (button).dataset.remove);
    change({ entries: state.entries.filter((_, i) => i !== number) });
    drawEntries();
    /** @type {HTMLElement | null} */ ($("entries").querySelector("textarea,input"))?.focus();
  });
  $("add").addEventListener("click", () => {
    const isBare = Array.isArray(state.entries[state.entries.length - 1]); // one more of the same kind
    change({ entries: [...state.entries, isBare ? [0] : { instruction: "", input: "", output: "" }] });
    drawEntries();
    const last = /** @type {HTMLElement | null} */ ($("entries").lastElementChild);
    last?.querySelector("textarea")?.focus();
  });

  // The options -----------------------------------------------------------------------------

  function drawOptions() {
    const style = typeof state.style === "string" ? state.style : "own";
    /** @type {HTMLSelectElement} */ ($("style")).value = style;
    /** @type {HTMLSelectElement} */ ($("mask")).value = state.mask ?? "none";
    /** @type {HTMLInputElement} */ ($("max")).value = state.max_length ? String(state.max_length) : "";
    /** @type {HTMLSelectElement} */ ($("truncation")).value = state.truncation ?? "cut";
    /** @type {HTMLSelectElement} */ ($("fault")).value = state.fault ?? "";
    /** @type {HTMLSelectElement} */ ($("show")).value = view.show;
    /** @type {HTMLSelectElement} */ ($("sample")).value = ""; // so that each can be chosen again
  }
  const chosen = (/** @type {string} */ part) => /** @type {HTMLSelectElement} */ ($(part)).value;
  $("sample").addEventListener("change", () => {
    const sample = constants.samples[chosen("sample")];
    if (!sample) return;
    change({ entries: sample });
    drawEntries();
  });
  $("style").addEventListener("change", () => {
    const style = chosen("style");
    change({ style: style === "own" && own ? own : style });
  });
  $("mask").addEventListener("change", () => change({ mask: chosen("mask") }));
  $("truncation").addEventListener("change", () => change({ truncation: chosen("truncation") }));
  $("max").addEventListener("input", () => {
    const text = chosen("max").trim();
    if (text && !/^\d{1,6}$/.test(text)) return complain(`The maximum length is a whole number from 1; found ${text}.`);
    change({ max_length: text ? Number(text) : null });
  });
  $("show").addEventListener("change", () => {
    view = { ...view, show: chosen("show") };
    host.looked?.({ step: view.step, show: view.show });
    draw();
  });
  $("fault").addEventListener("change", () => {
    change({ fault: chosen("fault") || null });
    if (state.fault && STEPS.indexOf(view.step) < 3) look("mask");
  });
  $("mend").addEventListener("click", () => {
    change({ fault: null });
    drawOptions();
    $("fault").focus();
  });

  // Your turn -------------------------------------------------------------------------------

  function drawTurn() {
    const canTry = STEPS.indexOf(view.step) > 2 && frames?.batch && !state.fault;
    $("turn").hidden = !canTry || Boolean(view.turn);
    $("trying").hidden = !view.turn;
    // Two hundred ids are not a task for a hand: then the toy batch is.
    const isLong = view.step === "shift" && (frames?.tally?.targets ?? 0) > MOST_ASKED;
    if (isLong) $("turn").hidden = true;
    $("outcome").textContent = view.turn?.said ?? (canTry && isLong ? "To shift by hand, choose the sample Toy batch." : "");
    const isRight = Boolean(view.turn?.checks) && view.turn?.wrong === null;
    $("check").toggleAttribute("disabled", isRight);
    $("reveal").textContent = isRight ? "Back to the batch" : "Show me";
    $("refold").hidden = view.open.size === 0 || view.step === "format";
  }
  $("refold").addEventListener("click", () => {
    view = { ...view, open: new Set(), cell: null };
    draw();
    $("grid").parentElement?.focus();
  });
  $("turn").addEventListener("click", () => {
    view = { ...view, cell: null, turn: { answers: new Map(), wrong: null, said: "", checks: 0 } };
    draw();
    /** @type {HTMLElement | null} */ ($("grid").querySelector("[data-answer]"))?.focus();
  });
  $("grid").addEventListener("input", (event) => {
    const box = /** @type {HTMLInputElement} */ (event.target);
    if (view.turn && box.dataset.answer) view.turn.answers.set(box.dataset.answer, box.value.trim());
  });
  /** @param {HTMLElement} button */
  function toggle(button) {
    if (!view.turn) return;
    const isIgnored = button.getAttribute("aria-pressed") !== "true";
    const [row, name, first] = (button.dataset.answer ?? "").split(":");
    for (let i = 0; i < Number(button.dataset.count); i += 1) {
      view.turn.answers.set(`${row}:${name}:${Number(first) + i}`, isIgnored ? "ignored" : "");
    }
    button.setAttribute("aria-pressed", String(isIgnored));
  }
  $("check").addEventListener("click", check);
  function check() {
    const turn = view.turn;
    if (!turn || !frames) return;
    const targets = linesOf(frames, view.step).filter((line) => line.name === "targets");
    const all = targets.flatMap((line) => line.cells.map((cell) => ({ cell, at: `${line.row}:targets:${cell.position}` })));
    /** @type {(own: {cell: Cell, at: string}) => boolean} */
    const isRight = ({ cell, at }) => {
      const answer = turn.answers.get(at) ?? "";
      if (view.step === "shift") return [String(cell.id), ...(["end", "pad"].includes(cell.role) ? [cell.role] : [])].includes(answer);
      return (answer === "ignored") === (cell.why !== null);
    };
    const wrong = all.find((own) => !isRight(own));
    turn.checks += 1;
    turn.wrong = wrong?.at ?? null;
    if (wrong) openFoldAt(wrong.at);
    turn.said = wrong
      ? `Not yet. ${hintFor(view.step, wrong.cell, wrong.at)}`
      : `Right: ${TITLES[STEPS.indexOf(view.step)]}, ${all.length} targets, ${turn.checks} ${turn.checks === 1 ? "check" : "checks"}.`;
    draw();
    if (wrong) /** @type {HTMLElement | null} */ ($("grid").querySelector(`[data-answer="${wrong.at}"]`))?.focus();
  }
  /** Open the fold that hides a cell, if one does. @param {string} at */
  function openFoldAt(at) {
    const [row, , position] = at.split(":").map(Number);
    const own = linesOf(/** @type {Frames} */ (frames), view.step).filter((line) => line.row === row);
    const run = runsOf(own, view.step).find(({ start, stop }) => start <= position && position < stop);
    if (run?.isFold) view.open.add(`${row}:${run.start}`);
  }
  $("reveal").addEventListener("click", () => {
    view = { ...view, turn: null };
    draw();
    /** @type {HTMLElement} */ ($("grid").parentElement).scrollLeft = 0;
    $("turn").focus();
  });

  // To take away ----------------------------------------------------------------------------

  $("python").addEventListener("click", () => void copy(pythonOf(state, view), "The Python"));
  $("link").addEventListener("click", () => void copy(linkTo(root.id || prefix, state, view), "The link"));
  $("reset").addEventListener("click", () => {
    view = { ...view, show: first.show ?? "text" };
    start({ ...constants.defaults, ...first.state }, first.step);
    host.changed?.(state);
    host.looked?.({ step: view.step, show: view.show });
  });

  /** @param {string} text @param {string} what */
  async function copy(text, what) {
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

  /** @param {string} why */
  function tell(why) {
    $("told").textContent = why;
    $("told").hidden = !why;
  }

  /** @param {State} from @param {string} step */
  function start(from, step, why = "") {
    state = from;
    tell(why);
    view = { ...view, step, open: new Set(), cell: null, turn: null };
    drawEntries();
    drawOptions();
    recompute();
  }

  start(state, view.step);
  return {
    show: (from, step, why) => start({ ...constants.defaults, ...from }, step, why),
    tell,
    look(step, show) {
      if (step === view.step && show === view.show) return;
      view = { ...view, step, show, cell: null, turn: null };
      drawOptions();
      draw();
    },
  };
}

const LIT = ["be-here", "be-same", "be-after"];

/**
 * Say how a cell is lit while another is looked at: the question and its answer, the same token
 * in another line, and what the model does not see at that question.
 *
 * @param {Line[]} lines of the row
 * @param {{name: string, position: number}} chosen
 * @param {{name: string, position: number}} other
 */
export function lightOf(lines, chosen, other) {
  /** @type {(cell: {name: string, position: number}) => number} */
  const columnOf = ({ name, position }) => position + (lines.find((line) => line.name === name)?.start ?? 0);
  const isPair = chosen.name !== "block" && other.name !== "block";
  if (chosen.name === other.name ? chosen.position === other.position : isPair && chosen.position === other.position) return "be-here";
  if (columnOf(chosen) === columnOf(other)) return "be-same";
  if (isPair && chosen.name && other.name === "inputs" && other.position > chosen.position) return "be-after";
  return "";
}

/** @param {HTMLElement} cell */
function cellIndex(cell) {
  return [.../** @type {HTMLElement} */ (cell.parentElement).children].indexOf(cell);
}
