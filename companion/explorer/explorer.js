/**
 * The batch explorer: a batch of entries, the six steps as tabs, and the tensors of the chosen
 * step as a grid of tokens. It draws frames (`frames.js`, `frames.py`) and makes no number
 * itself. Where the frames come from is its host's business: on a page without a kernel they
 * are computed beside it, in Jupyter by the kernel's companion. `explorer.py` writes both.
 *
 * From top to bottom: the words, the cells of a step, their HTML, the sentences, the parts of
 * the page, the reader's own turn, what can be taken away, and the two hosts.
 */

import { carriedTokenizer, makeFrames, readState } from "./frames.js";
import { makeTokenizer } from "./tokenizer.js";

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
 * @typedef {object} Cell one slot of a grid; `value` is the number that the tensor holds
 * @property {number} position
 * @property {number} id
 * @property {string | null} hex
 * @property {string} role
 * @property {number} value
 * @property {string | null} why
 * @property {boolean} changed by this step
 */

/** @typedef {{row: number, name: string, cells: Cell[]}} Line */

/**
 * @typedef {object} Host where the explorer stands
 * @property {(state: State, drawn: (frames: Frames) => void, failed: (message: string) => void)
 *   => void} frames calls `drawn` at once where it can
 * @property {boolean} [isPage] whether it has an address that a link can lead to
 * @property {(state: State) => void} [changed] told of what the reader has chosen
 * @property {(view: {step: string, show: string}) => void} [looked]
 */

const STEPS = ["format", "tokenize", "pad", "shift", "ignore", "mask"];
const TITLES = ["Format", "Tokenize", "Pad", "Shift", "Ignore", "Mask"];
const PROMPT = ["template", "instruction", "input", "header"];
const FOLDED_FROM = 4;
const PADS_SHOWN = 2;
const PRINTED_WIDTH = 12; // more columns do not fit a sheet of paper side by side
const LONGEST = 20000;
/** @type {("instruction" | "input" | "output")[]} */
const FIELDS = ["instruction", "input", "output"];

/** @type {Record<string, string>} */
const FAULT_NAMES = {
  no_shift: "no shift",
  shifted_twice: "shifted twice",
  padding_by_value: "padding found by its value",
  end_ignored: "end token ignored",
  mask_off_by_one: "mask one off",
  prompt_cut_differently: "prompt cut differently",
};
/** @type {Record<string, string>} */
const WOULD_LEARN = {
  no_shift: "The model would learn to repeat the token it was just given.",
  shifted_twice: "The model would learn to leave out every other token.",
  padding_by_value: "The model would never learn to stop.",
  end_ignored: "The model would never learn to stop.",
  mask_off_by_one: "The model would never learn the first token of an answer.",
  prompt_cut_differently:
    "Where a token lies across the border, the model would train on other ids than it is given later.",
};
/** @type {Record<string, string>} */
const MASK_NAMES = {
  none: "nothing",
  prompt: "the prompt",
  prompt_without_header: "the prompt without its header",
};
/** @type {Record<string, string>} */
const WHY = {
  pad: "it is a pad",
  prompt: "it is part of the prompt, which is masked",
  lost: "of this row's response nothing is left",
  fault: "of the fault that was put in",
};

// The cells of a step ---------------------------------------------------------------------

/**
 * Give the lines of a step's grids; none at step "format".
 *
 * @param {Frames} frames
 * @param {string} step
 * @returns {Line[]}
 */
export function linesOf(frames, step) {
  const { rows, batch } = frames;
  if (step === "format") return [];
  if (step === "tokenize") {
    return rows.map((row, number) => ({
      row: number,
      name: "",
      cells: row.tokens.map((token, position) => slot(token, position, token.role)),
    }));
  }
  if (batch === null) return [];
  const placed = rows.flatMap((row, number) => (row.place === null ? [] : [{ row, number }]));
  return placed.flatMap(({ row, number }) => {
    const place = /** @type {number} */ (row.place);
    const block = batch.block[place].map((id, position) => {
      const role = batch.roles[place][position];
      const token = role === "end" || role === "pad" ? { id, bytes: null } : row.tokens[position];
      return slot({ ...token, id }, position, role, role === "end" || role === "pad");
    });
    if (step === "pad") return [{ row: number, name: "", cells: block }];
    const width = batch.inputs[place].length;
    const inputs = block.slice(0, width).map((cell) => ({ ...cell, changed: false }));
    const targets = Array.from({ length: width }, (_, column) => {
      const cell = block[column + batch.shift];
      const why = batch.why[place][column];
      const seen = step === "shift" ? null : step === "ignore" && why === "prompt" ? null : why;
      return {
        ...cell,
        position: column,
        why: seen,
        value: seen === null ? cell.id : batch.targets[place][column],
        changed: step === "shift" || (step === "ignore" ? seen === "pad" : seen === "prompt"),
      };
    });
    return [
      { row: number, name: "inputs", cells: inputs },
      { row: number, name: "targets", cells: targets },
    ];
  });
}

/**
 * @param {{id: number, bytes: string | null}} token
 * @param {number} position
 * @param {string} role
 * @returns {Cell}
 */
function slot({ id, bytes }, position, role, changed = false) {
  return { position, id, hex: bytes, role, value: id, why: null, changed };
}

/**
 * Cut an entry's lines into runs of positions: some alone, and folds of many that are all of
 * the prompt, or all pads. A position where the prompt asks for the response is never folded.
 *
 * @param {Line[]} lines
 * @param {string} step
 * @returns {{start: number, stop: number, isFold: boolean}[]}
 */
export function runsOf(lines, step) {
  const foldable = step === "tokenize" ? PROMPT.slice(0, 1) : PROMPT;
  const width = lines[0].cells.length;
  /** @type {(position: number, roles: string[]) => boolean} */
  const all = (position, roles) => lines.every((line) => roles.includes(line.cells[position].role));
  /** @type {(position: number) => string} */
  const kindOf = (position) => (all(position, ["pad"]) ? "pad" : all(position, foldable) ? "prompt" : "");
  const runs = [];
  for (let start = 0; start < width; ) {
    const kind = kindOf(start);
    let stop = start + 1;
    while (kind && stop < width && kindOf(stop) === kind) stop += 1;
    const isShort = !kind || stop - start < FOLDED_FROM;
    const folded = isShort ? stop : start + (kind === "pad" ? PADS_SHOWN : 0);
    for (let at = start; at < folded; at += 1) runs.push({ start: at, stop: at + 1, isFold: false });
    if (folded < stop) runs.push({ start: folded, stop, isFold: true });
    start = stop;
  }
  return runs;
}

// Text that can be seen -------------------------------------------------------------------

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** @type {Record<string, [sign: string, name: string]>} */
const SIGNS = { " ": ["␣", "space"], "\n": ["⏎", "line break"], "\t": ["⇥", "tab"], "\r": ["␍", "return"] };

/** @type {Map<string, string>} */
const texts = new Map();

/** @param {string} hex @returns {string} the text of a token, which is looked up once */
function textOf(hex) {
  const known = texts.get(hex);
  if (known !== undefined) return known;
  const text = decoded(hex);
  texts.set(hex, text);
  return text;
}

/** @param {string} hex @returns {string} */
export function decoded(hex) {
  const pairs = hex.match(/../g) ?? [];
  try {
    return utf8.decode(Uint8Array.from(pairs, (pair) => parseInt(pair, 16)));
  } catch {
    return `⟨${pairs.join(" ").toUpperCase()}⟩`;
  }
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** @param {string} text @param {boolean} [spaces] whether spaces get a sign too */
function visible(text, spaces = true) {
  return text.replace(/[\p{C}\p{Z}]|[^\p{C}\p{Z}]+/gu, (part) => {
    if (part === " " && !spaces) return part;
    const code = /** @type {number} */ (part.codePointAt(0)).toString(16).toUpperCase().padStart(4, "0");
    if (!/^[\p{C}\p{Z}]$/u.test(part)) return `<bdi>${escape(part)}</bdi>`;
    const [sign, name] = SIGNS[part] ?? [`⟨U+${code}⟩`, `character U+${code}`];
    return `<span role="img" aria-label="${name}">${sign}</span>`;
  });
}

/** @param {string} text a text to be read in a sentence */
function quoted(text) {
  return `<q class="be-quote">${visible(text, false)}</q>`;
}

/** @param {Cell} cell */
function plain(cell) {
  if (cell.role === "end" || cell.role === "pad") return cell.role;
  return cell.hex === null ? String(cell.id) : textOf(cell.hex);
}

/** @param {Cell[]} cells several tokens as one text, in which a character may be whole again */
function joined(cells) {
  const isText = cells.every((cell) => cell.hex !== null);
  const text = isText ? decoded(cells.map((cell) => cell.hex).join("")) : "";
  return text && !/^⟨[0-9A-F ]+⟩$/.test(text) ? text : cells.map(plain).join(isText ? "" : " ");
}

// HTML of the grids -----------------------------------------------------------------------

/**
 * @typedef {object} Table an entry's table, cell by cell, so that what differs can be told
 * @property {number} number of the entry
 * @property {string} head
 * @property {{head: string, cells: string[]}[]} rows
 */

/**
 * Give one entry's table.
 *
 * @param {Line[]} lines one line, or inputs and targets
 * @param {View} view
 * @param {Constants} constants
 * @param {Map<string, string>} marked cells to outline, and why
 * @returns {Table}
 */
function tableOf(lines, view, constants, marked) {
  const runs = runsOf(lines, view.step);
  /** @type {(run: {start: number, isFold: boolean}) => boolean} */
  const isOpen = (run) => !run.isFold || view.turn !== null || view.open.has(`${lines[0].row}:${run.start}`);
  const heads = runs.map((run) => {
    if (!isOpen(run)) return `<th scope="col">${run.start}–${run.stop - 1}</th>`;
    const positions = lines[0].cells.slice(run.start, run.stop).map((cell) => cell.position);
    return positions.map((position) => `<th scope="col">${position}</th>`).join("");
  });
  const rows = lines.map((line) => ({
    head: `<th scope="row">${line.name ? `<span>row ${line.row}</span> ${line.name}` : `row ${line.row}`}</th>`,
    cells: runs.flatMap((run) => {
      const own = line.cells.slice(run.start, run.stop);
      if (!isOpen(run)) return [foldOf(own, line, run.start, constants)];
      return own.map((cell) => cellOf(cell, line, view, constants, marked));
    }),
  }));
  return { number: lines[0].row, head: `<tr><th scope="col">position</th>${heads.join("")}</tr>`, rows };
}

/** @param {Table} table */
function htmlOf({ number, head, rows }) {
  const body = rows.map((row) => `<tr>${row.head}${row.cells.join("")}</tr>`).join("");
  const wide = rows[0].cells.length > PRINTED_WIDTH ? " bt-wide" : "";
  return `<table class="bt${wide}" aria-label="row ${number}"><thead>${head}</thead><tbody>${body}</tbody></table>`;
}

/**
 * Write a table, or only the cells of it that differ from what is drawn.
 *
 * @param {Element} at
 * @param {Table} table
 * @param {Table | undefined} drawn
 */
function write(at, table, drawn) {
  const isSame =
    drawn?.head === table.head &&
    drawn.rows.length === table.rows.length &&
    table.rows.every((row, i) => {
      const old = drawn.rows[i];
      return old.head === row.head && old.cells.length === row.cells.length;
    });
  if (!isSame) {
    at.innerHTML = htmlOf(table);
    return;
  }
  const rows = at.querySelectorAll("tbody tr");
  table.rows.forEach((row, i) => {
    row.cells.forEach((cell, column) => {
      if (drawn.rows[i].cells[column] !== cell) rows[i].children[column + 1].outerHTML = cell;
    });
  });
}

/**
 * @param {Cell} cell
 * @param {Line} line
 * @param {View} view
 * @param {Constants} constants
 * @param {Map<string, string>} marked
 */
function cellOf(cell, line, view, constants, marked) {
  const at = `${line.row}:${line.name}:${cell.position}`;
  const isIgnored = cell.why !== null;
  const mark = marked.get(at);
  const classes = [cell.changed ? "be-changed" : "", mark ? "be-marked" : ""].join(" ").trim();
  const attributes =
    `data-at="${at}" tabindex="-1" data-role="${isIgnored ? "ignored" : cell.role}"` +
    (classes ? ` class="${classes}"` : "");
  if (view.turn && line.name === "targets") {
    return `<td ${attributes}>${answerOf(cell, line, view)}</td>`;
  }
  const text = plain(cell);
  const label = constants.roles[cell.role];
  const isBare = view.show === "ids" || cell.hex === null;
  let [shown, small] = isBare ? [String(cell.id), ""] : [visible(text), String(cell.id)];
  if (isBare && (cell.role === "end" || cell.role === "pad")) [shown, small] = [cell.role, String(cell.id)];
  if (isIgnored) [shown, small] = [`<s>${shown}</s>`, String(cell.value)];
  const spoken = (text === label ? "" : `, ${label}`) + (isIgnored ? ", ignored" : "") + (mark ? `, ${mark}` : "");
  return (
    `<td ${attributes}>${shown}${small ? `<small>${small}</small>` : ""}` +
    (spoken ? `<span class="bt-spoken">${spoken}</span>` : "") +
    "</td>"
  );
}

/** @param {Cell[]} cells @param {Line} line @param {number} start @param {Constants} constants */
function foldOf(cells, line, start, constants) {
  /** @type {{roles: Set<string>, why: string | null, value: number, count: number}[]} */
  const parts = [];
  for (const cell of cells) {
    const last = parts.at(-1);
    if (last && (last.why === null) === (cell.why === null)) {
      last.roles.add(cell.role);
      last.count += 1;
    } else parts.push({ roles: new Set([cell.role]), why: cell.why, value: cell.value, count: 1 });
  }
  const shown = parts.map(({ roles, why, value, count }) => {
    const [role] = roles;
    const word = roles.size > 1 ? "prompt" : constants.roles[role];
    const text = `<span class="be-word">${word} </span>×${count}`;
    if (why !== null) {
      return `<span data-role="ignored"><s>${text}</s><small>${value}</small><span class="bt-spoken">, ignored</span></span>`;
    }
    return `<span data-role="${roles.size > 1 ? "template" : role}">${text}</span>`;
  });
  return (
    `<td class="bt-fold"><button type="button" class="be-fold" data-open="${line.row}:${start}" ` +
    `title="Show these ${cells.length} tokens">${shown.join("")}</button></td>`
  );
}

/** @param {Row} row @param {number} number @param {Constants} constants @returns {Table} */
function textTable(row, number, constants) {
  const pieces = row.pieces.map(
    ([role, text]) =>
      `<span data-role="${role}"><span class="bt-spoken">${constants.roles[role]}: </span>` +
      `${visible(text, false).replace(/((?:<span[^>]*aria-label="line break"[^>]*>⏎<\/span>)+)/g, "$1<br>")}</span>`,
  );
  const shown = pieces.join("") || "bare ids, which have no text";
  const cells = [`<td class="bt-text" translate="no">${shown}</td>`];
  return {
    number,
    head: '<tr><th scope="col">row</th><th scope="col">text</th></tr>',
    rows: [{ head: `<th scope="row">row ${number}</th>`, cells }],
  };
}

/** @param {Frames} frames @param {Line[]} lines @param {Constants} constants */
function legendOf(frames, lines, { roles }) {
  const cells = lines.flatMap((line) => line.cells);
  const pieces = lines.length ? [] : frames.rows.flatMap((row) => row.pieces.map(([role]) => role));
  const present = new Set([...pieces, ...cells.map((cell) => (cell.why === null ? cell.role : "ignored"))]);
  const shown = Object.keys(roles).filter((role) => present.has(role));
  return shown.map((role) => `<li><i data-role="${role}"></i>${roles[role]}</li>`).join("");
}

// Sentences -------------------------------------------------------------------------------

/** @param {(string | number)[]} things */
function listed(things) {
  return things.length < 2 ? things.join("") : `${things.slice(0, -1).join(", ")} and ${things.at(-1)}`;
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

/** @param {Frames} frames @param {State} state @param {string} step */
export function sentenceOf(frames, state, step) {
  const { rows, batch, tally, refusal } = frames;
  const style = typeof state.style === "object" ? state.style.name : state.style;
  if (step === "format") {
    return rows.every((row) => row.pieces.length)
      ? `Each entry became one text, in the prompt style ${style}.`
      : "Bare ids have no text; their first step is Tokenize.";
  }
  if (step === "tokenize") {
    return `Each text became token ids: ${listed(rows.map((row) => row.tokens.length))}.`;
  }
  if (batch === null || tally === null) return `There is no batch: ${refusal}.`;
  const [height] = tally.shape;
  const whys = batch.why.flat();
  /** @type {(why: string) => number} */
  const count = (why) => whys.filter((own) => own === why).length;
  if (step === "pad") {
    return (
      `After each text stands one end token, then pads up to the longest row: a block of shape ` +
      `(${height}, ${batch.block[0].length}).`
    );
  }
  if (step === "shift") {
    return [
      "Nothing was shifted: each target is its own input.",
      "Inputs are the block without its last column, targets the block without its first: each target is the token that comes next.",
      "The targets were shifted twice: each is the token after the next.",
    ][batch.shift];
  }
  if (step === "ignore") {
    return `${count("pad")} of ${tally.targets} targets are pads and became ${"-100"}: no one is graded on padding.`;
  }
  const masked = MASK_NAMES[state.mask ?? "none"];
  return (
    `With ${masked} masked, ${count("prompt")} more targets became -100; ` +
    `${tally.supervised} of ${tally.targets} are left to learn from.`
  );
}

/** @param {Frames} frames */
function tallyOf({ tally, refusal, warnings }) {
  if (tally === null) return escape(`${refusal}`);
  const [height, width] = tally.shape;
  return (
    `inputs and targets of shape (${height}, ${width}); ${tally.tokens} tokens and ${tally.pads} pads, ` +
    `a padding share of ${percent(tally.padding_share)}; ${tally.supervised} of ${tally.targets} ` +
    `targets supervised (${percent(tally.supervised_share)})` +
    [refusal, ...warnings].filter(Boolean).map((sentence) => `. ${escape(String(sentence))}`).join("")
  );
}

/** @param {import("./frames.js").Finding} finding @param {Constants} constants @param {number} count */
function findingOf(finding, { rules }, count) {
  const rule = rules[finding.code];
  const { rows } = finding;
  const where = rows.length === count ? "Every row" : `Row${rows.length > 1 ? "s" : ""} ${listed(rows)}`;
  const sentence = rule.sentence.replace("{where}", where).replace(/\{([a-z]+)\}/g, (_, name) => finding.slots[name] ?? "");
  return (
    `<li><strong>${rule.severity}</strong> <code>${finding.code}</code>: ${escape(sentence)} ` +
    `<em>${escape(rule.cure)}</em></li>`
  );
}

/**
 * Say what a cell asks of the model, or what it is.
 *
 * @param {Line[]} lines of the cell's row
 * @param {string} name
 * @param {number} position
 * @param {Constants} constants
 */
function detailOf(lines, name, position, constants) {
  const line = lines.find((own) => own.name === name);
  const cell = line?.cells[position];
  if (!cell) return "";
  const is = `${quoted(plain(cell))}, id ${cell.id}, position ${position}, ${constants.roles[cell.role]}`;
  if (!name) return is;
  const [inputs, targets] = lines;
  const before = joined(inputs.cells.slice(Math.max(0, position - 7), position + 1));
  const given = `Given ${position > 7 ? "… " : ""}${quoted(before)}`;
  const target = targets.cells[position];
  if (target.why !== null) return `${given} nothing is asked: not graded, because ${WHY[target.why]}.`;
  return `${given} the model must say ${quoted(plain(target))} (id ${target.id}).`;
}

// The element ------------------------------------------------------------------------------

let made = 0;

/**
 * Build an explorer in an element.
 *
 * @param {HTMLElement} root
 * @param {{state: State, step: string, show?: string}} first
 * @param {Host} host
 * @param {Constants} constants
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
    $("said").textContent = sentenceOf(frames, state, step);
    const marked = view.turn?.wrong ? new Map([[view.turn.wrong, "wrong"]]) : differences(step);
    const byRow = frames.rows.map((_, number) => lines.filter((line) => line.row === number));
    drawTables(
      step === "format"
        ? frames.rows.map((row, number) => textTable(row, number, constants))
        : byRow.filter((own) => own.length).map((own) => tableOf(own, view, constants, marked)),
    );
    const changed = lines.flatMap((line) => line.cells).filter((cell) => cell.changed).length;
    $("changed").textContent = changed && !view.turn ? `This step changed ${changed} cells, outlined.` : "";
    $("legend").innerHTML = legendOf(frames, lines, constants);
    drawFindings();
    drawTurn();
    drawDetail();
    const tally = tallyOf(frames);
    $("tally").innerHTML = tally;
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
    const learned = state.fault ? `<p>${WOULD_LEARN[state.fault]}</p>` : "";
    const list = found.map((finding) => findingOf(finding, constants, count)).join("");
    $("findings").innerHTML = list || learned ? `${learned}${list ? `<ul>${list}</ul>` : ""}` : "";
    $("mend").hidden = !state.fault;
  }

  function drawDetail() {
    const grid = $("grid");
    grid.querySelectorAll(".be-here,.be-after").forEach((td) => td.classList.remove("be-here", "be-after"));
    if (!view.cell || !frames || view.turn) {
      const isGrid = view.step !== "format" && !view.turn;
      $("detail").textContent = isGrid ? "Choose a cell to read what it is, or what the model is asked there." : "";
      return;
    }
    const { row, name, position } = view.cell;
    const lines = linesOf(frames, view.step).filter((line) => line.row === row);
    $("detail").innerHTML = detailOf(lines, name, position, constants);
    if (!name) return;
    for (const td of /** @type {NodeListOf<HTMLElement>} */ (grid.querySelectorAll(`td[data-at^="${row}:"]`))) {
      const [, own, at] = (td.dataset.at ?? "").split(":");
      if (Number(at) === position) td.classList.add("be-here");
      else if (Number(at) > position && own === "inputs") td.classList.add("be-after");
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
    if (cell && !$("grid").contains(document.activeElement)) choose(cell);
  });
  $("grid").addEventListener("keydown", (event) => {
    const cell = /** @type {HTMLElement} */ (event.target);
    if (!cell.matches("td[data-at]")) return;
    const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
    const own = [...$("grid").querySelectorAll("tbody tr")];
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
    const entries = state.entries.map((entry, i) => (i === number ? edited(entry, box) : entry));
    change({ entries });
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
    change({ entries: [...state.entries, { instruction: "", input: "", output: "" }] });
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
    $("outcome").textContent = view.turn?.said ?? "";
  }
  $("turn").addEventListener("click", () => {
    view = { ...view, cell: null, turn: { answers: new Map(), wrong: null, said: TASKS[view.step], checks: 0 } };
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
    view.turn.answers.set(/** @type {string} */ (button.dataset.answer), isIgnored ? "ignored" : "");
    button.setAttribute("aria-pressed", String(isIgnored));
  }
  $("check").addEventListener("click", () => {
    const turn = view.turn;
    if (!turn || !frames) return;
    const targets = linesOf(frames, view.step).filter((line) => line.name === "targets");
    const all = targets.flatMap((line) => line.cells.map((cell) => ({ cell, at: `${line.row}:targets:${cell.position}` })));
    /** @type {(own: {cell: Cell, at: string}) => boolean} */
    const isRight = ({ cell, at }) => {
      const answer = turn.answers.get(at) ?? "";
      return view.step === "shift" ? answer === String(cell.id) : (answer === "ignored") === (cell.why !== null);
    };
    const wrong = all.find((own) => !isRight(own));
    turn.checks += 1;
    turn.wrong = wrong?.at ?? null;
    turn.said = wrong
      ? `Not yet. ${hintFor(view.step, wrong.cell, wrong.at)}`
      : `Right: ${TITLES[STEPS.indexOf(view.step)]}, ${all.length} targets, ${turn.checks} ${turn.checks === 1 ? "check" : "checks"}.`;
    draw();
    if (wrong) /** @type {HTMLElement | null} */ ($("grid").querySelector(`[data-answer="${wrong.at}"]`))?.focus();
  });
  $("reveal").addEventListener("click", () => {
    view = { ...view, turn: null };
    draw();
    $("turn").focus();
  });

  // To take away ----------------------------------------------------------------------------

  $("python").addEventListener("click", () => void copy(pythonOf(state, view), "The Python"));
  $("link").addEventListener("click", () => void copy(linkTo(root.id || prefix, state, view), "The link"));
  $("reset").addEventListener("click", () => start({ ...constants.defaults, ...first.state }, first.step));

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

  /** @param {State} from @param {string} step */
  function start(from, step) {
    state = from;
    view = { ...view, step, open: new Set(), cell: null, turn: null };
    drawEntries();
    drawOptions();
    recompute();
  }

  start(state, view.step);
  return {
    /** @param {State} from @param {string} step */
    show: (from, step) => start({ ...constants.defaults, ...from }, step),
    complain,
    /** @param {string} step @param {string} show */
    look(step, show) {
      if (step === view.step && show === view.show) return;
      view = { ...view, step, show, cell: null, turn: null };
      drawOptions();
      draw();
    },
  };
}

/** @type {Record<string, string>} */
const TASKS = {
  shift: "Write under each input the id that the model must say next, then check.",
  ignore: "Choose the targets that no one should be graded on, then check.",
  mask: "Choose the targets that are ignored with this mask, then check.",
};

/** @param {string} step @param {Cell} cell @param {string} at */
function hintFor(step, cell, at) {
  const [row, , column] = at.split(":");
  const where = `Row ${row}, column ${column}`;
  if (step === "shift") return `${where}: which token comes next in this row?`;
  if (cell.why !== null) return `${where} is ignored, because ${WHY[cell.why]}.`;
  if (cell.role === "end") return `${where} is the end token that was appended: it is graded, so that the model learns to stop.`;
  return `${where} is graded: it belongs to ${cell.role === "response" ? "the response" : "what is learned"}.`;
}

/** @param {Cell} cell @param {Line} line @param {View} view */
function answerOf(cell, line, view) {
  const at = `${line.row}:targets:${cell.position}`;
  const answer = view.turn?.answers.get(at) ?? "";
  if (view.step === "shift") {
    return (
      `<input class="be-answer" data-answer="${at}" inputmode="numeric" size="5" value="${escape(answer)}" ` +
      `aria-label="target of row ${line.row}, column ${cell.position}">`
    );
  }
  return (
    `<button type="button" class="be-answer" data-answer="${at}" aria-pressed="${answer === "ignored"}">` +
    `${visible(plain(cell))}<span class="bt-spoken">, ignore</span></button>`
  );
}

/** @param {HTMLElement} cell */
function cellIndex(cell) {
  return [.../** @type {HTMLElement} */ (cell.parentElement).children].indexOf(cell);
}

/** @param {import("./frames.js").Entry | number[]} entry @param {HTMLTextAreaElement} box */
function edited(entry, box) {
  if (!Array.isArray(entry)) return { ...entry, [box.dataset.field ?? ""]: box.value };
  const ids = box.value.split(/[\s,]+/).filter(Boolean).map(Number);
  return ids.length && ids.every((id) => Number.isSafeInteger(id) && id >= 0) ? ids : entry;
}

/** @param {State} state */
function tooLong({ entries }) {
  for (const [number, entry] of entries.entries()) {
    if (Array.isArray(entry)) continue;
    for (const field of FIELDS) {
      if (entry[field].length > LONGEST) {
        return (
          `The ${field} of entry ${number + 1} has ${entry[field].length.toLocaleString("en")} characters; ` +
          `this page draws at most ${LONGEST.toLocaleString("en")}. What is drawn is the batch before that.`
        );
      }
    }
  }
  return "";
}

// HTML of the parts ------------------------------------------------------------------------

/** @param {string} prefix @param {string} name @param {Constants} constants */
function frameOf(prefix, name, { styles, masks, truncations, faults, samples }) {
  /** @type {(value: string, text: string) => string} */
  const option = (value, text) => `<option value="${escape(value)}">${escape(text)}</option>`;
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
<div role="tabpanel" id="${prefix}-panel" data-part="panel">
<p class="be-said"><span data-part="said"></span> <span data-part="changed"></span></p>
<p class="be-message" role="alert" data-part="message" hidden></p>
<div class="be-grid bt-scroll" role="region" tabindex="0" aria-label="${escape(name)}, grid"><div data-part="grid" class="be-tables"></div></div>
<ul class="bt-legend" data-part="legend" aria-label="What the looks mean"></ul>
<p class="be-detail" data-part="detail" aria-live="polite"></p>
<div class="be-turn">${button("turn", "Your turn")}<span data-part="trying" hidden>${button("check", "Check")} ${button("reveal", "Show me")}</span> <span data-part="outcome" role="status"></span></div>
</div>
<p class="be-tally" data-part="tally"></p>
<div class="be-findings" data-part="findings"></div>
<p class="bt-spoken" role="status" data-part="live"></p>
<div class="be-options">
${select("style", "Prompt style", Object.keys(styles).map((style) => option(style, style)))}
${select("mask", "Mask", masks.map((mask) => option(mask, MASK_NAMES[mask])))}
${field("max", "Maximum length", `<input data-part="max" id="${prefix}-of-max" inputmode="numeric" size="5" autocomplete="off">`)}
${select("truncation", "What is too long", truncations.map((value) => option(value, value.replace("_", " "))))}
${select("show", "Show", [option("text", "text"), option("ids", "ids")])}
${select("fault", "Break it", [option("", "nothing"), ...faults.map((fault) => option(fault, FAULT_NAMES[fault]))])}
${button("mend", "Mend")}
</div>
<details class="be-batch"><summary>The entries of this batch</summary>
${select("sample", "Sample", [option("", "choose one"), ...Object.keys(samples).map((sample) => option(sample, sample))])}
<div data-part="entries"></div>
${button("add", "Add an entry")}
</details>
<div class="be-take">${button("python", "Copy as Python")} ${button("link", "Copy link")} ${button("reset", "Reset")} <span role="status" data-part="copying"></span>
<textarea data-part="copied" rows="4" readonly hidden aria-label="To copy"></textarea></div>
</div>`;
}

/**
 * @param {import("./frames.js").Entry | number[]} entry
 * @param {number} number
 * @param {string} prefix
 * @param {number} count how many entries there are
 */
function entryOf(entry, number, prefix, count) {
  const remove =
    count > 1
      ? `<button type="button" data-remove="${number}">Remove<span class="bt-spoken"> entry ${number + 1}</span></button>`
      : "";
  /** @type {(field: string, label: string, text: string) => string} */
  const box = (field, label, text) =>
    `<label for="${prefix}-${number}-${field}">${label}</label>` +
    `<textarea id="${prefix}-${number}-${field}" rows="${text.length > 60 ? 3 : 1}" data-entry="${number}" ` +
    `data-field="${field}" spellcheck="false">\n${escape(text)}</textarea>`;
  const boxes = Array.isArray(entry)
    ? box("ids", "Ids", entry.join(" "))
    : FIELDS.map((field) => box(field, field[0].toUpperCase() + field.slice(1), entry[field])).join("");
  return `<fieldset id="${prefix}-entry-${number}"><legend>Entry ${number + 1}</legend>${boxes}${remove}</fieldset>`;
}

// To take away -----------------------------------------------------------------------------

/**
 * Give a Python program that prints the tensors on screen.
 *
 * @param {State} state
 * @param {{step: string}} view
 */
export function pythonOf(state, view) {
  if (state.fault || typeof state.style === "object") {
    const dumped = JSON.stringify(JSON.stringify(state));
    return [
      "import json",
      "",
      "from companion.explorer.frames import frames",
      "",
      `batch = frames(json.loads(${dumped}))["batch"]`,
      'print(batch["inputs"])',
      'print(batch["targets"])',
      "",
    ].join("\n");
  }
  const entries = state.entries.map((entry) =>
    Array.isArray(entry)
      ? `    [${entry.join(", ")}],`
      : `    tokenize_entry(Entry(${FIELDS.map((field) => JSON.stringify(entry[field])).join(", ")}), style),`,
  );
  const mask = STEPS.indexOf(view.step) > 4 ? state.mask : "none";
  const settings = [
    mask === "none" ? "" : `mask=${JSON.stringify(mask)}`,
    state.max_length === null ? "" : `max_length=${state.max_length}`,
    state.truncation === "cut" ? "" : `truncation=${JSON.stringify(state.truncation)}`,
    state.pad_to_multiple_of === null ? "" : `pad_to_multiple_of=${state.pad_to_multiple_of}`,
  ].filter(Boolean);
  return [
    "from companion import Collator, Entry, tokenize_entry",
    "",
    `style = ${JSON.stringify(state.style)}`,
    "batch = [",
    ...entries,
    "]",
    `inputs, targets = Collator(${settings.join(", ")})(batch)`,
    "print(inputs.tolist())",
    "print(targets.tolist())",
    "",
  ].join("\n");
}

/** @param {string} id @param {State} state @param {{step: string}} view */
function linkTo(id, state, view) {
  const bytes = new TextEncoder().encode(JSON.stringify({ step: view.step, state }));
  const packed = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const safe = packed.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return `${location.href.split("#")[0]}#batch=${id}.${safe}`;
}

/**
 * Read what `linkTo` wrote; null where the link is about something else.
 *
 * @param {string} hash
 * @param {string} id
 * @returns {{step: string, state: State} | null} raises an error for a damaged link
 */
export function readLink(hash, id) {
  const start = `#batch=${id}.`;
  if (!hash.startsWith(start)) return null;
  const packed = hash.slice(start.length).replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const { step, state } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (!STEPS.includes(step)) throw new Error(`there is no step ${step}`);
  return { step, state };
}

// The two hosts ----------------------------------------------------------------------------

/**
 * On a page without a kernel: frames are made here, from the tokens that the page carries; the
 * whole vocabulary is loaded at the first change that needs more.
 *
 * @param {{ids: Record<string, number[]>, bytes: Record<string, string>}} tokens
 * @param {Constants} constants
 * @param {() => Promise<import("./tokenizer.js").Tokenizer>} load
 * @returns {Host}
 */
export function pageHost(tokens, constants, load) {
  /** @type {import("./frames.js").Tokenizer} */
  let tokenizer = remembering(carriedTokenizer(tokens));
  /** @type {Promise<void> | null} */
  let loading = null;
  return {
    isPage: true,
    frames(state, drawn, failed) {
      try {
        readState(state, constants);
      } catch (error) {
        return failed(`${/** @type {Error} */ (error).message}.`);
      }
      try {
        return drawn(makeFrames(state, tokenizer, constants));
      } catch (error) {
        if (loading === null) loading = load().then((whole) => void (tokenizer = remembering(whole)));
        loading.then(
          () => drawn(makeFrames(state, tokenizer, constants)),
          () => {
            loading = null;
            failed("The vocabulary could not be loaded, so only this page's own texts can be shown.");
          },
        );
      }
    },
  };
}

/**
 * Keep what was encoded: of a batch, a key stroke changes one text.
 *
 * @param {import("./frames.js").Tokenizer} tokenizer
 * @returns {import("./frames.js").Tokenizer}
 */
function remembering(tokenizer) {
  /** @type {Map<string, number[]>} */
  const known = new Map();
  return {
    bytes: tokenizer.bytes,
    encode(text) {
      const found = known.get(text);
      if (found) return found;
      const ids = tokenizer.encode(text);
      if (known.size > 200) known.clear();
      known.set(text, ids);
      return ids;
    },
  };
}

/** @type {Promise<import("./tokenizer.js").Tokenizer> | null} */
let vocabulary = null;

/** Add the vocabulary as a classic script, once a page: by double click, nothing else loads. */
function loadVocabulary() {
  const root = document.documentElement.dataset.content_root ?? "";
  vocabulary ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${root}_static/vocabulary.js`;
    script.onload = () => resolve(makeTokenizer(/** @type {any} */ (globalThis).gpt2Vocabulary));
    script.onerror = () => {
      vocabulary = null;
      reject(new Error("no vocabulary"));
    };
    document.head.append(script);
  });
  return vocabulary;
}

/**
 * Bring a page's explorers to life: each holds its data as JSON, and a table to read meanwhile.
 *
 * @param {Constants} constants
 */
export function definePageElement(constants) {
  if (typeof customElements === "undefined" || customElements.get("batch-explorer")) return;
  let count = 0;
  class BatchExplorer extends HTMLElement {
    connectedCallback() {
      if (this.dataset.alive) return;
      const data = JSON.parse(this.querySelector("script")?.textContent ?? "null");
      if (!data) return;
      this.dataset.alive = "true";
      this.id ||= `explorer-${(count += 1)}`;
      const stored = [...this.childNodes];
      try {
        const host = pageHost(data.tokens, constants, loadVocabulary);
        const explorer = mount(this, data, host, constants);
        this.restore(explorer);
        addEventListener("hashchange", () => this.restore(explorer));
      } catch (error) {
        this.replaceChildren(...stored); // the table tells the lesson without us
        console.error(error);
      }
    }

    /** @param {ReturnType<typeof mount>} explorer */
    restore(explorer) {
      try {
        const link = readLink(location.hash, this.id);
        if (!link) return;
        explorer.show(link.state, link.step);
        this.scrollIntoView();
      } catch {
        explorer.complain("The link to a batch in this page's address is damaged; here is the page's own.");
      }
    }
  }
  customElements.define("batch-explorer", BatchExplorer);
}

/**
 * In Jupyter: the kernel's companion makes the frames; see `BatchExplorer` in `explorer.py`.
 *
 * @param {Constants} constants
 */
export function jupyterWidget(constants) {
  return {
    /** @param {{model: any, el: HTMLElement}} context */
    render({ model, el }) {
      /** @type {(keyof State)[]} */
      const parts = ["entries", "style", "mask", "max_length", "truncation", "fault"];
      /** @type {() => State} */
      const chosen = () => /** @type {any} */ (Object.fromEntries(parts.map((name) => [name, model.get(name)])));
      /** @type {(state: State) => string} */
      const whole = (state) => JSON.stringify(parts.map((name) => state[name] ?? null));
      /** @type {Map<number, {drawn: (frames: Frames) => void, failed: (message: string) => void}>} */
      const waiting = new Map();
      let number = 0;
      let known = whole(chosen());
      /** @type {Host} */
      const host = {
        frames(state, drawn, failed) {
          waiting.set((number += 1), { drawn, failed });
          const { pad_to_multiple_of: _, ...asked } = /** @type {any} */ (state);
          model.send({ number, state: asked });
        },
        changed(state) {
          known = whole(state);
          for (const name of parts) model.set(name, state[name] ?? null);
          model.save_changes();
        },
        looked({ step, show }) {
          model.set("step", step);
          model.set("show", show);
          model.save_changes();
        },
      };
      /** @type {(answer: {asked: number, frames: Frames, error?: string}) => void} */
      const answered = ({ asked, frames, error }) => {
        const own = waiting.get(asked);
        waiting.delete(asked);
        if (own) error ? own.failed(error) : own.drawn(frames);
      };
      model.on("msg:custom", answered);
      const explorer = mount(el, { state: chosen(), step: model.get("step"), show: model.get("show") }, host, constants);
      const follow = () => {
        if (whole(chosen()) === known) return; // it was this view that changed it
        known = whole(chosen());
        explorer.show(chosen(), model.get("step"));
      };
      const turn = () => explorer.look(model.get("step"), model.get("show"));
      for (const name of parts) model.on(`change:${name}`, follow);
      model.on("change:step change:show", turn);
      return () => {
        model.off("msg:custom", answered);
        for (const name of parts) model.off(`change:${name}`, follow);
        model.off("change:step change:show", turn);
      };
    },
  };
}
