// An editor for every exercise of a page: write, check, be told why; drafts stay in this browser.

import { makePython } from "./engine.js";

const NOT_HERE = /No module named '(numpy|torch|tiktoken|companion\.\w+)'|name '(np|torch|load_tokenizer)' is not defined|(numpy|torch) is no part/;
const KEYS = "Tab indents, Escape and then Tab leaves the box, Ctrl+Enter checks.";

/**
 * Give a new element with some properties and children.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Where drafts and solved exercises are kept; a browser may refuse to keep anything. */
const kept = {
  /** @param {string} key */
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string | null} value */
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      // Then it is not kept, and the page works without.
    }
  },
};

/**
 * Let the keys of a text box write code. `check` is called on Ctrl+Enter.
 * @param {HTMLTextAreaElement} box
 * @param {() => void} check
 */
function writeCode(box, check) {
  let free = false; // Escape lets the next Tab go: no trap for who has no mouse
  // The one way to change a text box that its undo knows of.
  const put = (/** @type {string} */ text) => document.execCommand("insertText", false, text);
  const lineBegin = () => box.value.lastIndexOf("\n", box.selectionStart - 1) + 1;

  function indent(/** @type {boolean} */ less) {
    if (!less && box.selectionStart === box.selectionEnd) {
      put(" ".repeat(4 - ((box.selectionStart - lineBegin()) % 4)));
      return;
    }
    const begin = lineBegin();
    const lines = box.value.slice(begin, box.selectionEnd);
    const moved = less ? lines.replace(/^ {1,4}/gm, "") : lines.replace(/^(?=.)/gm, "    ");
    box.setSelectionRange(begin, box.selectionEnd);
    put(moved);
    box.setSelectionRange(begin, begin + moved.length);
  }

  box.addEventListener("keydown", (event) => {
    const bare = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      check();
    } else if (event.key === "Tab" && bare && !free) {
      event.preventDefault();
      indent(event.shiftKey);
    } else if (event.key === "Enter" && bare && !event.isComposing) {
      event.preventDefault();
      const line = box.value.slice(lineBegin(), box.selectionStart);
      const deeper = /:\s*(#.*)?$/.test(line) ? "    " : "";
      put(`\n${line.match(/^ */)?.[0] ?? ""}${deeper}`);
    }
    if (event.key !== "Shift") free = event.key === "Escape";
  });
  box.addEventListener("blur", () => {
    free = false;
  });
}

/**
 * Give the exercise's editor, in place of the cell with its stub.
 * @param {HTMLElement} cell
 * @param {string} name
 * @param {string} stub
 * @param {string} imports
 * @param {ReturnType<typeof makePython>} python
 */
function makeEditor(cell, name, stub, imports, python) {
  const key = `inside-the-batch:answer:${name}`;
  const id = `answer-${name}`;
  const box = /** @type {HTMLTextAreaElement} */ (
    element("textarea", {
      id, spellcheck: "false", autocapitalize: "off", autocomplete: "off", autocorrect: "off",
      wrap: "off", "aria-describedby": `${id}-keys`,
    })
  );
  const label = element("label", { for: id }, "Your answer: ", element("code", {}, name));
  const keys = element("p", { id: `${id}-keys`, class: "ans-keys" }, KEYS);
  const checkButton = /** @type {HTMLButtonElement} */ (element("button", { type: "button" }, "Check"));
  const resetButton = element("button", { type: "button" }, "Begin anew");
  const said = element("p", { role: "status", class: "ans-said" });
  const printed = element("pre", {
    class: "ans-printed", tabindex: "0", role: "region", "aria-label": `What ${name} printed`,
  });
  printed.hidden = true;
  const editor = element(
    "div", { class: "ans" }, label, box, keys,
    element("p", { class: "ans-buttons" }, checkButton, resetButton), said, printed,
  );

  function grow() {
    box.rows = Math.min(Math.max(box.value.split("\n").length + 1, 4), 30);
  }
  function write(/** @type {string} */ text) {
    box.value = text;
    grow();
  }
  /** @param {{right: boolean, sentence: string, printed: string}} told */
  function tell(told) {
    editor.dataset.verdict = told.right ? "right" : "wrong";
    const more = NOT_HERE.test(told.sentence)
      ? " What it needs is not in this page: write it with lists, or take the notebook (the button at the top)."
      : "";
    said.textContent = `${told.right ? "\u2713" : "\u2192"} ${told.sentence}${more}`;
    printed.textContent = told.printed;
    printed.hidden = !told.printed;
  }
  async function check() {
    if (checkButton.disabled) return;
    checkButton.disabled = true;
    delete editor.dataset.verdict;
    said.textContent = "Python is at work \u2026";
    const told = await python.tryAnswer({ source: box.value, name, imports });
    checkButton.disabled = false;
    tell(told);
    if (told.right) kept.set(`inside-the-batch:solved:${name}`, "1");
    editor.dispatchEvent(new CustomEvent("answer-checked", { bubbles: true, detail: { name, ...told } }));
  }

  write(kept.get(key) ?? stub);
  box.addEventListener("input", () => {
    grow();
    kept.set(key, box.value === stub ? null : box.value);
  });
  checkButton.addEventListener("click", check);
  resetButton.addEventListener("click", () => {
    write(stub);
    kept.set(key, null);
    delete editor.dataset.verdict;
    said.textContent = "";
    printed.hidden = true;
    box.focus();
  });
  writeCode(box, check);
  cell.hidden = true; // it is what is printed, and what is read where no script runs
  cell.after(editor);
}

/**
 * Put an editor at every exercise of the page that can run in it.
 * @param {string[]} runnable the exercises' names
 * @param {string} address where the engine's script is
 */
export function defineEditors(runnable, address) {
  const python = makePython(address);
  /** @type {HTMLElement[]} */
  const cells = [...document.querySelectorAll(/** @type {"div"} */ ("div.cell"))];
  const source = (/** @type {HTMLElement} */ cell) => (
    cell.querySelector(".cell_input pre")?.textContent ?? ""
  );
  const imports = cells.length > 0 ? source(cells[0]) : "";
  for (const cell of cells) {
    const text = source(cell);
    const called = text.match(/^check\((\w+)\)\s*$/m);
    if (called && runnable.includes(called[1])) {
      const stub = `${text.slice(0, called.index).trimEnd()}\n`;
      makeEditor(cell, called[1], stub, imports, python);
    }
  }
}
