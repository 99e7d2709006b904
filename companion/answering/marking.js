// The page that marks notebooks: each runs in a Python of its own, and another one judges.
//
// The student's Python is given cases and gives values back; the judge's Python is given values
// and gives marks. A message may be anything that a student's program wrote, and is only read
// by the judge. What could not be marked is said to be *not marked*, with the reason.

import { makePython } from "./engine.js";

/** @typedef {{file: string, student: string, exercise: string, mark: string, sentence: string}} Row */
/** @typedef {{student: string, cells: string[]}} Notebook */

export const MOST_BYTES = 5_000_000;
const CELL_SECONDS = 3; // after which a cell that goes on is stopped
const NOTEBOOK_SECONDS = 30; // after which Python is ended, whatever it does
const JUDGE_SECONDS = 20;
const SIGNS = /** @type {Record<string, string>} */ (
  { right: "\u2713", wrong: "\u2717", "not attempted": "\u2013", "not marked": "?" }
);

/**
 * Read a notebook: who wrote it, if that is said, and its code cells.
 * Throws where the text is no notebook.
 * @param {string} text
 * @returns {Notebook}
 */
export function readNotebook(text) {
  const found = JSON.parse(text);
  if (!Array.isArray(found?.cells)) throw new Error("it has no cells");
  const source = (/** @type {any} */ cell) => (
    Array.isArray(cell?.source) ? cell.source.join("") : String(cell?.source ?? "")
  );
  const of = (/** @type {string} */ kind) => (
    found.cells.filter((/** @type {any} */ cell) => cell?.cell_type === kind).map(source)
  );
  const named = of("markdown").join("\n").match(/^Your name:[ \t]*(\S.*)$/m);
  return { student: named ? named[1].trim().slice(0, 80) : "", cells: of("code") };
}

/**
 * Tell whether a cell answers an exercise.
 * @param {string} cell
 * @param {string} name
 */
export const answers = (cell, name) => (
  new RegExp(`^def ${name}\\b|^check\\(${name}\\)`, "m").test(cell)
);

/**
 * Write one cell of a table so that no program takes it for a formula.
 * @param {string} text
 */
export function csvCell(text) {
  const safe = /^[\s]*[=+\-@]/.test(text) || /^[\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/**
 * Give a table of marks as CSV.
 * @param {Row[]} rows
 */
export function csvOf(rows) {
  const lines = rows.map(({ file, student, exercise, mark, sentence }) => (
    [file, student, exercise, mark, sentence].map(csvCell).join(",")
  ));
  return `${["file,student,exercise,mark,sentence", ...lines].join("\r\n")}\r\n`;
}

/**
 * Mark one notebook.
 * @param {string} file its name
 * @param {Notebook} notebook
 * @param {string[]} known the names of all exercises
 * @param {ReturnType<typeof makePython>} theirs the Python of the student
 * @param {ReturnType<typeof makePython>} judge
 * @returns {Promise<Row[]>}
 */
export async function markNotebook(file, { student, cells }, known, theirs, judge) {
  const names = known.filter((name) => cells.some((cell) => answers(cell, name)));
  /** @type {Record<string, unknown>} */
  const cases = JSON.parse(await judge.call("cases", JSON.stringify([names]), JUDGE_SECONDS));
  const ask = async (/** @type {string[]} */ some, /** @type {string[]} */ run) => {
    const wanted = Object.fromEntries(some.map((name) => [name, cases[name]]));
    try {
      const given = JSON.stringify([run, wanted, CELL_SECONDS]);
      return JSON.parse(await theirs.call("answers", given, NOTEBOOK_SECONDS));
    } finally {
      theirs.end(); // the next one gets a Python that nobody has changed
    }
  };
  const runnable = names.filter((name) => name in cases);
  /** @type {Record<string, any>} */
  let told = {};
  try {
    told = runnable.length > 0 ? await ask(runnable, cells) : {};
  } catch {
    // One exercise never ended, or broke Python: then each by itself, without the others' cells.
    for (const name of runnable) {
      const others = runnable.filter((other) => other !== name);
      const own = cells.filter((cell) => (
        answers(cell, name) || !others.some((other) => answers(cell, other))
      ));
      try {
        told[name] = (await ask([name], own))[name];
      } catch (error) {
        told[name] = { reason: error instanceof Error ? error.message : "it broke off" };
      }
    }
  }
  /** @type {Row[]} */
  const rows = [];
  for (const exercise of names) {
    let judged = { mark: "not marked", sentence: "The judge broke off." };
    try {
      const given = JSON.stringify([exercise, told?.[exercise] ?? null]);
      judged = JSON.parse(await judge.call("judge", given, JUDGE_SECONDS));
    } catch {
      // It stays not marked; the next call starts the judge anew.
    }
    rows.push({ file, student, exercise, ...judged });
  }
  if (rows.length === 0) {
    rows.push({ file, student, exercise: "", mark: "not marked", sentence: "It has no exercise of this book." });
  }
  return rows;
}

/**
 * Bring the marking page to life.
 * @param {Record<string, string[]>} chapters the exercises of each chapter
 * @param {string} address where the engine's script is
 */
export function defineMarking(chapters, address) {
  const part = (/** @type {string} */ name) => (
    /** @type {HTMLElement} */ (document.querySelector(`[data-part="${name}"]`))
  );
  const known = Object.values(chapters).flat();
  const theirs = makePython(address);
  const judge = makePython(address);
  /** @type {Row[]} */
  const rows = [];
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();

  function show(/** @type {Row[]} */ some) {
    const files = group(some);
    for (const [file, own] of files) {
      const line = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = own[0].student ? `${own[0].student} (${file})` : file;
      const solved = document.createElement("td");
      const right = own.filter(({ mark }) => mark === "right").length;
      solved.textContent = `${right} of ${own.length}`;
      const each = document.createElement("td");
      const list = document.createElement("ul");
      for (const { exercise, mark, sentence } of own) {
        const item = document.createElement("li");
        item.dataset.mark = mark;
        const name = document.createElement("strong");
        name.textContent = `${SIGNS[mark] ?? "?"} ${exercise} `;
        const said = document.createElement("span");
        const more = mark === "wrong" || mark === "not marked";
        said.textContent = more ? `${mark}. ${sentence.replace(`${exercise}: not yet. `, "")}` : mark;
        item.append(name, said);
        list.append(item);
      }
      each.append(list);
      line.append(head, solved, each);
      part("rows").append(line);
    }
    part("table").hidden = false;
    /** @type {HTMLButtonElement} */ (part("save")).disabled = rows.length === 0;
  }

  function group(/** @type {Row[]} */ some) {
    /** @type {Map<string, Row[]>} */
    const found = new Map();
    for (const row of some) found.set(row.file, [...(found.get(row.file) ?? []), row]);
    return found;
  }

  async function take(/** @type {File} */ file) {
    const refused = (/** @type {string} */ sentence) => (
      [{ file: file.name, student: "", exercise: "", mark: "not marked", sentence }]
    );
    if (file.size > MOST_BYTES) return refused(`It is larger than ${MOST_BYTES / 1e6} MB.`);
    let notebook;
    try {
      notebook = readNotebook(await file.text());
    } catch {
      return refused("It is no notebook.");
    }
    try {
      return await markNotebook(file.name, notebook, known, theirs, judge);
    } catch (error) {
      return refused(`${error instanceof Error ? error.message : "It could not be run"}.`);
    }
  }

  function mark(/** @type {Iterable<File>} */ files) {
    const all = [...files];
    last = last.then(async () => {
      for (const [number, file] of all.entries()) {
        part("said").textContent = `Marking ${file.name}, ${number + 1} of ${all.length} \u2026`;
        const marked = await take(file);
        rows.push(...marked);
        show(marked);
      }
      part("said").textContent = `Marked ${all.length} ${all.length === 1 ? "file" : "files"}.`;
    });
  }

  const chosen = /** @type {HTMLInputElement} */ (part("files"));
  chosen.addEventListener("change", () => {
    mark(chosen.files ?? []);
    chosen.value = ""; // the same file may be chosen again
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(event.dataTransfer?.files ?? []);
  });
  part("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = `data:text/csv;charset=utf-8,${encodeURIComponent(`\ufeff${csvOf(rows)}`)}`;
    link.download = "marks.csv";
    link.click();
  });
  part("clear").addEventListener("click", () => {
    rows.length = 0;
    part("rows").replaceChildren();
    part("table").hidden = true;
    /** @type {HTMLButtonElement} */ (part("save")).disabled = true;
    part("said").textContent = "";
  });
  part("ready").hidden = false;
}
