/**
 * The map: the whole tensor to scale, one small cell a slot, in the looks of the cells below it.
 *
 * This is `map.py` once more, for a page without Python; a test holds the grids, their words and
 * the lines drawn equal. Takes lines of cells; gives grids of looks, and a picture of them as
 * SVG without a single id, so that any number of them can stand on a page. A run of slots that
 * look alike is one thick line, cut into slots by its dashes: 8 rows of 1,024 are a few hundred
 * lines, and a key stroke costs as much as they do.
 */

/**
 * @typedef {import("./lines.js").Line} Line
 *
 * @typedef {object} GridRow
 * @property {number} row
 * @property {string[]} looks a role, or "ignored", for each column
 * @property {boolean[]} changed which of them a fault changed; empty where none did
 *
 * @typedef {object} Grid one tensor, or the rows of step 2, which are none yet
 * @property {string} name "" at step 2, else "block", "inputs" or "targets"
 * @property {number} width in columns
 * @property {GridRow[]} rows
 * @property {string} label
 *
 * @typedef {object} Scale
 * @property {number} per how many columns stand in one slot of the picture
 * @property {number} slot the slot's width, its gap included
 * @property {number} tall
 * @property {number} gap
 *
 * @typedef {[kind: string, look: string, d: string, width: number, dash: string]} Stroke
 */

// Python has these too; a test holds them equal.
export const ORDER = ["end", "suffix", "response", "header", "input", "instruction", "template", "ignored", "pad"];
export const GUTTER = 40; // for the names of the rows
export const HEADING = 17; // over each grid
export const LEAST = 3; // pixels; a narrower slot is merged with its neighbours
export const GAPPED = 4; // pixels; narrower slots touch
export const PATTERNED = 6; // pixels; a narrower slot has its colour alone
export const MOST = 22;

/**
 * Give the grids of a step: one, or from Shift on inputs and targets, column over column.
 *
 * @param {Line[]} lines
 * @param {string} step
 * @param {Map<string, string>} [marked] what a fault changed, by `row:name:column`
 * @returns {Grid[]}
 */
export function gridsOf(lines, step, marked = new Map()) {
  const names = step === "tokenize" || step === "pad" ? [""] : ["inputs", "targets"];
  return names.flatMap((name) => {
    const own = lines.filter((line) => line.name === name);
    if (!own.length) return [];
    const rows = own.map(({ row, cells }) => ({
      row,
      looks: cells.map(({ role, why }) => (why === null ? role : "ignored")),
      changed: marked.size ? cells.map(({ position }) => marked.has(`${row}:${name}:${position}`)) : [],
    }));
    const width = Math.max(...rows.map(({ looks }) => looks.length));
    const shown = step === "pad" ? "block" : name;
    return [{ name: shown, width, rows, label: labelOf(shown, rows, width) }];
  });
}

/** @param {string} name @param {GridRow[]} rows @param {number} width */
function labelOf(name, rows, width) {
  const looks = rows.flatMap((row) => row.looks);
  if (!name) {
    const lengths = rows.map((row) => row.looks.length);
    const many = `${Math.min(...lengths)} to ${Math.max(...lengths)}`;
    const few = [lengths.slice(0, -1).join(", "), lengths.at(-1)].filter((part) => part !== "").join(" and ");
    return `${rows.length} ${rows.length === 1 ? "row" : "rows"} of ${lengths.length > 8 ? many : few} ids`;
  }
  const [look, word] = name === "targets" ? ["ignored", "graded"] : ["pad", "padding"];
  const found = looks.filter((own) => own === look).length;
  const count = name === "targets" ? looks.length - found : found;
  return `${name} (${rows.length}, ${width}): ${count} of ${looks.length} ${word}`;
}

/**
 * Say what a row holds, from left to right.
 *
 * @param {GridRow} row
 * @param {Record<string, string>} labels of the roles
 */
export function wordsOf({ row, looks }, labels) {
  const runs = runsOf(looks).map(({ look, count }) => `${count} ${labels[look]}`);
  return `row ${row}: ${runs.join(", ")}`;
}

/** @param {string[]} looks */
function runsOf(looks) {
  /** @type {{look: string, start: number, count: number}[]} */
  const runs = [];
  looks.forEach((look, start) => {
    const last = runs.at(-1);
    if (last?.look === look) last.count += 1;
    else runs.push({ look, start, count: 1 });
  });
  return runs;
}

/**
 * Fit a number of columns into a width in pixels.
 *
 * @param {number} columns
 * @param {number} width
 * @returns {Scale}
 */
export function scaleOf(columns, width) {
  const room = Math.max(width - GUTTER - 2, LEAST);
  const per = Math.ceil(columns / Math.floor(room / LEAST));
  const fits = room / Math.ceil(columns / per);
  // Slots with gaps between them are whole pixels wide, so that the gaps are equal.
  const slot = fits < GAPPED ? Math.floor(100 * fits) / 100 : Math.min(MOST, Math.floor(fits));
  const gap = slot < GAPPED ? 0 : 1;
  return { per, slot, tall: Math.max(12, Math.floor(slot / 2) * 2), gap };
}

/** @param {number} pixels to hundredths */
function at(pixels) {
  return Math.floor(100 * pixels + 0.5) / 100;
}

/**
 * Merge neighbours: of each `per`, the look shows that comes first in the order.
 *
 * @param {string[]} looks
 * @param {number} per
 */
export function merged(looks, per) {
  if (per === 1) return looks;
  return Array.from({ length: Math.ceil(looks.length / per) }, (_, bin) => {
    const own = looks.slice(bin * per, (bin + 1) * per);
    return own.reduce((first, look) => (ORDER.indexOf(look) < ORDER.indexOf(first) ? look : first));
  });
}

/**
 * Say where the rows of each grid begin, from the top of the picture.
 *
 * @param {Grid[]} grids
 * @param {Scale} scale
 */
export function topsOf(grids, { tall, gap }) {
  let top = 0;
  return grids.map(({ rows }) => {
    const first = top + HEADING;
    top = first + rows.length * (tall + gap) + 5;
    return first;
  });
}

/**
 * Give the lines to draw: for each look a fill, and where there is room for it its pattern.
 *
 * @param {Grid[]} grids
 * @param {Scale} scale
 * @returns {Stroke[]}
 */
export function strokesOf(grids, scale) {
  const { per, slot, tall, gap } = scale;
  const tops = topsOf(grids, scale);
  /** @type {Record<string, [x: number, y: number, count: number][]>} */
  const places = {};
  const faults = /** @type {string[]} */ ([]);
  grids.forEach(({ rows }, i) => {
    rows.forEach(({ looks, changed }, number) => {
      const y = tops[i] + number * (tall + gap);
      for (const { look, start, count } of runsOf(merged(looks, per))) (places[look] ??= []).push([at(GUTTER + start * slot), y, count]);
      const bins = Array.from({ length: Math.ceil(changed.length / per) }, (_, bin) => changed.slice(bin * per, (bin + 1) * per).includes(true));
      for (const { look, start, count } of runsOf(bins.map(String))) {
        if (look === "true") faults.push(`M${at(GUTTER + start * slot)} ${y}h${at(count * slot - gap)}v${tall}h${-at(count * slot - gap)}z`);
      }
    });
  });
  const strokes = ORDER.filter((look) => places[look]).flatMap((look) => lookOf(look, places[look], scale));
  return faults.length ? [...strokes, ["fault", "", faults.join(""), 2, ""]] : strokes;
}

/**
 * @param {string} look
 * @param {[x: number, y: number, count: number][]} runs
 * @param {Scale} scale
 * @returns {Stroke[]}
 */
function lookOf(look, runs, { slot, tall, gap }) {
  /** @type {(kind: string, y: number, width: number, cut?: number, dash?: string) => Stroke} */
  const line = (kind, down, width, cut = 0, dash = "") => [
    kind,
    look,
    runs.map(([x, y, count]) => `M${at(x + cut)} ${y + down}h${at(count * slot - gap - 2 * cut)}`).join(""),
    width,
    dash || (gap ? `${slot - gap - 2 * cut} ${gap + 2 * cut}` : ""),
  ];
  const fill = line("fill", tall / 2, tall);
  if (slot < PATTERNED) return [fill];
  if (look === "pad" || look === "end") return [line("edge", tall / 2, tall), line("inner", tall / 2, tall - 2, 1)];
  if (look === "ignored") {
    const each = `l${slot - gap}-${tall}m${gap} ${tall}`;
    return [fill, ["hatch", look, runs.map(([x, y, count]) => `M${x} ${y + tall}${each.repeat(count)}`).join(""), 1, ""]];
  }
  const bottom = tall - 1;
  const dash = look === "input" || look === "suffix" ? "2 2" : "";
  if (look === "template") return [fill, line("edge", tall - 0.5, 1, 0, "1 2")];
  if (look === "header") return [fill, line("edge", bottom - 2.5, 1), line("edge", bottom + 0.5, 1)];
  if (look === "response" || look === "suffix") return [fill, line("edge", 1, 2, 0, dash), line("edge", bottom, 2, 0, dash)];
  return [fill, line("edge", bottom, 2, 0, dash)];
}

/**
 * Give the picture, as wide as it may be in pixels.
 *
 * @param {Grid[]} grids
 * @param {number} width
 */
export function svgOf(grids, width) {
  const scale = scaleOf(Math.max(...grids.map((grid) => grid.width)), width);
  const { per, slot, tall, gap } = scale;
  const tops = topsOf(grids, scale);
  const strokes = strokesOf(grids, scale).map(
    ([kind, look, d, thick, dash]) =>
      `<path class="bm-${kind}"${look && ` data-role="${look}"`} d="${d}" stroke-width="${thick}"${dash && ` stroke-dasharray="${dash}"`}/>`,
  );
  const words = grids.flatMap((grid, i) => {
    const pitch = tall + gap;
    const across = at(Math.ceil(grid.width / per) * slot - gap);
    const frame = `<rect class="bm-frame" x="${GUTTER - 1.5}" y="${tops[i] - 1.5}" width="${across + 3}" height="${grid.rows.length * pitch - gap + 3}"/>`;
    const names = grid.rows.map(({ row }, n) => `<text x="0" y="${tops[i] + n * pitch + tall / 2 + 4}">row ${row}</text>`);
    return [`<text class="bm-label" x="0" y="${tops[i] - 5}">${grid.label}</text>`, ...names, grid.name ? frame : ""];
  });
  const last = grids[grids.length - 1];
  const high = tops[tops.length - 1] + last.rows.length * (tall + gap) + 2;
  return (
    `<svg class="bm-picture" viewBox="0 0 ${width} ${high}" width="${width}" height="${high}" aria-hidden="true" focusable="false">` +
    `${strokes.join("")}${words.join("")}</svg>`
  );
}

/**
 * Name a place: row, tensor, column, what stands there, and whether it is graded.
 *
 * @param {Grid} grid
 * @param {number} line which of its rows
 * @param {number} column
 * @param {Record<string, string>} labels of the roles
 */
export function spokenAt({ name, rows }, line, column, labels) {
  const { row, looks, changed } = rows[line];
  const look = looks[column];
  const what = look === undefined ? "no token, the row has ended" : labels[look];
  const graded = name === "targets" && look !== "ignored" ? ", graded" : name === "targets" ? ", not graded" : "";
  return `row ${row}${name && name !== "block" ? ` ${name}` : ""}, column ${column}: ${what}${graded}${changed[column] ? ", changed by the fault" : ""}`;
}

/**
 * Give the boxes that mark a place: its column in all rows, and its slot; each as left, top,
 * width and height.
 *
 * @param {Grid[]} grids
 * @param {Scale} scale
 * @param {{grid: number, line: number, column: number}} place
 */
export function markOf(grids, scale, { grid, line, column }) {
  const { per, slot, tall, gap } = scale;
  const tops = topsOf(grids, scale);
  const pitch = tall + gap;
  const left = GUTTER + Math.floor(column / per) * slot;
  const bottom = tops[tops.length - 1] + grids[grids.length - 1].rows.length * pitch - gap;
  return {
    across: [left - 1, tops[0] - 3, slot - gap + 2, bottom - tops[0] + 6],
    here: [left - 2, tops[grid] + line * pitch - 2, slot - gap + 4, tall + 4],
  };
}

/**
 * Give the place under a point of the picture; the nearest, where it is beside.
 *
 * @param {Grid[]} grids
 * @param {Scale} scale
 * @param {number} x
 * @param {number} y
 */
export function placeAt(grids, scale, x, y) {
  const { per, slot, tall, gap } = scale;
  const tops = topsOf(grids, scale);
  const grid = tops.filter((top, i) => i === 0 || top - HEADING / 2 <= y).length - 1;
  const { rows, width } = grids[grid];
  /** @type {(number: number, most: number) => number} */
  const within = (number, most) => Math.max(0, Math.min(Math.floor(number), most));
  return {
    grid,
    line: within((y - tops[grid]) / (tall + gap), rows.length - 1),
    column: within(within((x - GUTTER) / slot, width) * per, width - 1),
  };
}

/**
 * Give the place that a key leads to from another.
 *
 * @param {Grid[]} grids
 * @param {{grid: number, line: number, column: number}} place
 * @param {string} key
 */
export function placeBy(grids, { grid, line, column }, key) {
  const all = grids.flatMap(({ rows }, i) => rows.map((_, n) => ({ grid: i, line: n })));
  const at = all.findIndex((own) => own.grid === grid && own.line === line);
  const last = Math.max(...grids.map(({ width }) => width)) - 1;
  const across = { ArrowRight: column + 1, ArrowLeft: column - 1, PageUp: column + 10, PageDown: column - 10, Home: 0, End: last }[key];
  const down = { ArrowDown: at + 1, ArrowUp: at - 1 }[key];
  if (across !== undefined) return { grid, line, column: Math.max(0, Math.min(across, last)) };
  if (down !== undefined) return { ...all[Math.max(0, Math.min(down, all.length - 1))], column };
  return null;
}
