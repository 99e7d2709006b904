/**
 * The grids as HTML: one table for each entry, of which a key stroke changes only the cells that
 * differ. Takes lines of cells and the columns that all entries share; what stands in them is the
 * business of `lines.js` and `columns.js`.
 */

import { plain, visible } from "./lines.js";
import { answerOf, buttonOf } from "./turn.js";

/**
 * @typedef {import("./frames.js").Frames} Frames
 * @typedef {import("./frames.js").Row} Row
 * @typedef {import("./lines.js").Cell} Cell
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./columns.js").Column} Column
 * @typedef {import("./explorer.js").Constants} Constants
 * @typedef {import("./explorer.js").View} View
 */

export const PRINTED_WIDTH = 12; // more columns do not fit a sheet of paper side by side

/**
 * @typedef {object} Table an entry's table, cell by cell, so that what differs can be told
 * @property {number} number of the entry
 * @property {string} head
 * @property {string[]} widths of the columns, in CSS; or "fold" or "more", which have their own
 * @property {{head: string, cells: string[]}[]} rows
 */

/**
 * Give one entry's table.
 *
 * @param {Line[]} lines one line, or inputs and targets
 * @param {Column[]} columns
 * @param {View} view
 * @param {Constants} constants
 * @param {Map<string, string>} marked cells to outline, and why
 * @returns {Table}
 */
export function tableOf(lines, columns, view, constants, marked) {
  const heads = columns.map(({ start, stop }) => `<th scope="col">${stop - start > 1 ? `${start}–${stop - 1}` : start}</th>`);
  const written = lines.map((line) => ({
    head: `<th scope="row">${line.name ? `<span>row ${line.row}</span> ${line.name}` : `row ${line.row}`}</th>`,
    cells: columns.map((column) => cellIn(column, line, view, constants, marked)),
  }));
  const [block, inputs, targets] = written;
  const rows =
    lines.length < 3
      ? written
      : [bracketOf(lines[1], columns), block, ...(view.turn ? [] : [bracketOf(lines[2], columns)]), inputs, targets];
  const widths = columns.map(({ kind, width }) => kind || `calc(${width}em + var(--bt-pad))`);
  return { number: lines[0].row, head: `<tr><th scope="col">position</th>${heads.join("")}</tr>`, widths, rows };
}

/**
 * @param {Column} column
 * @param {Line} line
 * @param {View} view
 * @param {Constants} constants
 * @param {Map<string, string>} marked
 */
function cellIn({ start, stop, kind }, line, view, constants, marked) {
  const own = line.cells.slice(start, stop);
  if (!own.length) return "<td></td>"; // the row has ended, or only the block has this column
  if (!kind) return cellOf(own[0], line, view, constants, marked);
  if (kind === "more") return moreOf(own, line);
  if (view.turn && line.name === "targets") {
    const word = own[0].role === "pad" ? "pad" : "prompt";
    return `<td class="bt-fold">${buttonOf(own, line, view, `${word} ×${own.length}`)}</td>`;
  }
  return foldOf(own, line, start, constants);
}

/** Give the cell that leads on, where the cells end and the row does not. @param {Cell[]} cells @param {Line} line */
function moreOf(cells, line) {
  const to = cells[line.cells[0] === cells[0] ? cells.length - 1 : 0].position;
  return `<td class="bt-fold"><button type="button" class="be-fold" data-to="${line.row}:${line.name}:${to}">${cells.length} more</button></td>`;
}

/**
 * Give the row that brackets what inputs, or targets, take of the block: as many columns each,
 * and the targets' begin later. In a fold the bracket begins a little further in.
 *
 * @param {Line} line
 * @param {Column[]} columns
 */
function bracketOf({ name, start, cells }, columns) {
  const stop = start + cells.length;
  const before = columns.filter((column) => column.stop <= start).length;
  const after = columns.filter((column) => column.start >= stop).length;
  const inside = columns.length - before - after;
  const isInFold = columns.some((column) => column.start < start && start < column.stop);
  const empty = "<td></td>";
  return {
    head: `<th scope="row"><span class="bt-spoken">what ${name} take</span></th>`,
    cells: [
      ...Array(before).fill(empty),
      `<td class="be-bracket be-${name}${isInFold ? " be-in-fold" : ""}${start > 0 ? " be-slides" : ""}" colspan="${inside}"><span>${name}: columns ${start} to ${stop - 1}</span></td>`,
      ...Array(after).fill(empty),
    ],
  };
}

/** @param {Table} table */
function htmlOf(table) {
  const { number, head, widths, rows } = table;
  const body = rows.map((row) => `<tr>${row.head}${row.cells.join("")}</tr>`).join("");
  const wide = isWide(table) ? " bt-wide" : "";
  const shared = widths.length ? `<colgroup><col class="be-names">${"<col>".repeat(widths.length)}</colgroup>` : "";
  const kind = shared ? " be-shared" : "";
  return `<table class="bt${kind}${wide}" aria-label="row ${number}">${shared}<thead>${head}</thead><tbody>${body}</tbody></table>`;
}

/**
 * Write a table, or only the cells of it that differ from what is drawn. A row that has become
 * longer or shorter keeps the cells that it had: of a thousand tokens, a key stroke changes few.
 *
 * @param {Element} at
 * @param {Table} table
 * @param {Table | undefined} drawn
 */
export function write(at, table, drawn) {
  const isSame = drawn?.rows.length === table.rows.length && table.rows.every(({ head }, i) => drawn.rows[i].head === head);
  // A table of texts has no columns to share.
  if (!isSame || !drawn.widths.length !== !table.widths.length) {
    at.innerHTML = htmlOf(table);
    writeWidths(at, table.widths, []);
    return;
  }
  if (drawn.head !== table.head) /** @type {Element} */ (at.querySelector("thead")).innerHTML = table.head;
  writeWidths(at, table.widths, drawn.widths);
  at.querySelector("table")?.classList.toggle("bt-wide", isWide(table));
  const rows = at.querySelectorAll("tbody tr");
  table.rows.forEach(({ cells }, i) => {
    const before = drawn.rows[i].cells;
    for (let extra = before.length; extra > cells.length; extra -= 1) rows[i].lastElementChild?.remove();
    cells.slice(0, before.length).forEach((cell, column) => {
      if (before[column] !== cell) rows[i].children[column + 1].outerHTML = cell;
    });
    rows[i].insertAdjacentHTML("beforeend", cells.slice(before.length).join(""));
  });
}

/**
 * Give each column the width that it has in all entries; set by script, for a page that takes no
 * style from HTML.
 *
 * @param {Element} at
 * @param {string[]} widths
 * @param {string[]} drawn
 */
function writeWidths(at, widths, drawn) {
  const group = at.querySelector("colgroup");
  if (!group) return;
  while (group.children.length > widths.length + 1) group.lastElementChild?.remove();
  while (group.children.length < widths.length + 1) group.append(document.createElement("col"));
  widths.forEach((width, i) => {
    if (width === drawn[i]) return;
    const col = /** @type {HTMLElement} */ (group.children[i + 1]);
    const isKind = !width.startsWith("calc");
    col.className = isKind ? `be-is-${width}` : "";
    col.style.width = isKind ? "" : width;
  });
}

/** @param {Table} table */
function isWide({ rows }) {
  return rows[rows.length - 1].cells.length > PRINTED_WIDTH;
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
  const isAsked = view.turn !== null && line.name === "targets";
  const mark = marked.get(at);
  const classes = [cell.changed && !isAsked ? "be-changed" : "", mark ? "be-marked" : ""].join(" ").trim();
  // A cell that the reader is to fill in looks like none, so that its look is no answer.
  const role = isAsked ? (view.step === "mask" ? cell.role : "") : isIgnored ? "ignored" : cell.role;
  const attributes = `data-at="${at}" tabindex="-1" data-role="${role}"` + (classes ? ` class="${classes}"` : "");
  if (isAsked) return `<td ${attributes}>${answerOf(cell, line, view)}</td>`;
  const text = plain(cell);
  const label = constants.roles[cell.role];
  const isBare = view.show === "ids" || cell.hex === null;
  let [shown, small] = isBare ? [String(cell.id), ""] : [visible(text), String(cell.id)];
  if (cell.hex === null && (cell.role === "end" || cell.role === "pad")) [shown, small] = [cell.role, String(cell.id)];
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
export function textTable(row, number, constants) {
  const pieces = row.pieces.map(
    ([role, text]) =>
      `<span data-role="${role}"><span class="bt-spoken">${constants.roles[role]}: </span>` +
      `${visible(text, false).replace(/((?:<span[^>]*aria-label="line break"[^>]*>⏎<\/span>)+)/g, "$1<br>")}</span>`,
  );
  const shown = pieces.join("") || (constants.kind ? "no text by this template" : "bare ids, which have no text");
  const cells = [`<td class="bt-text" translate="no">${shown}</td>`];
  return {
    number,
    head: '<tr><th scope="col">row</th><th scope="col">text</th></tr>',
    widths: [],
    rows: [{ head: `<th scope="row">row ${number}</th>`, cells }],
  };
}

/**
 * Say what the looks mean that are there to be seen.
 *
 * @param {Frames} frames
 * @param {Line[]} lines
 * @param {Constants} constants
 * @param {boolean} isFolded
 * @param {boolean} isMarked
 */
export function legendOf(frames, lines, { roles }, isFolded, isMarked) {
  const cells = lines.flatMap((line) => line.cells);
  const pieces = lines.length ? [] : frames.rows.flatMap((row) => row.pieces.map(([role]) => role));
  const present = new Set([...pieces, ...cells.map((cell) => (cell.why === null ? cell.role : "ignored"))]);
  const shown = Object.keys(roles).filter((role) => present.has(role));
  const signs = [
    [cells.some((cell) => plain(cell).includes(" ")), "␣ a space"],
    [cells.some((cell) => plain(cell).includes("\n")) || !lines.length, "⏎ a line break"],
    [cells.some((cell) => plain(cell).startsWith("⟨")), "⟨ ⟩ bytes of a character that is cut in parts"],
    [isFolded, "× so many tokens, folded; choose to open"],
  ].flatMap(([isThere, text]) => (isThere ? [`<li>${text}</li>`] : []));
  const marked = isMarked ? ['<li><b class="be-key"></b>changed by the fault</li>'] : [];
  return [...shown.map((role) => `<li><i data-role="${role}"></i>${roles[role]}</li>`), ...marked, ...signs].join("");
}
