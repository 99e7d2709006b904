/** The page with one's own batch: it asks for a name, draws the batch, takes and checks answers. */

import { element, lineBox } from "./copying.js";
import { writeLine } from "./handing.js";
import { get, ownSolved, set, solveOwn } from "./keeping.js";
import { cleanName } from "./naming.js";
import { TASKS, checkTask, ownBatch, tableHtml, targetsHtml } from "./owning.js";

/** @typedef {import("./owning.js").Task} Task */

const WHY = "answer:own_batch_why";

/** Bring the batch to life that a notebook stored, for whoever reads the page. */
export function defineOwn() {
  const stored = document.querySelector("div.own-batch");
  if (!stored) return;
  const place = element("div", { class: "own-batch" });
  const box = lineBox("own", { get, set }, (name) => {
    const solved = ownSolved(name, TASKS);
    return writeLine({ name, chapter: "own_batch", solved, exercises: TASKS, turns: null, quiz: null });
  }, () => why.value);
  const why = element("textarea", { id: "own-why", rows: "3" });
  why.value = get(WHY);
  why.addEventListener("input", () => set(WHY, why.value));
  let drawn = "";

  function draw() {
    const name = named(box.name.value);
    if (name === drawn) return;
    drawn = name;
    place.replaceChildren(...(name ? tasksOf(name, box.show) : []));
  }
  const [nameLabel, name, ...line] = box.whole.children;
  // The name is asked for above the batch, and the line is given below it.
  stored.replaceWith(element("div", { class: "learn-box" }, nameLabel, name), place, element("div", { class: "learn-box" },
    element("label", { for: why.id }, "And why? Say of task 5, about your own row, why just these targets are graded"), why,
    element("p", {}, "Nobody checks this sentence here. It is copied below your line, for whoever asked for it."),
    ...line,
  ));
  name.addEventListener("change", draw); // not at each letter, which would be another batch
  draw();
}

/** @param {string} typed @returns {string} "" for what is no name */
function named(typed) {
  try {
    return cleanName(typed);
  } catch {
    return "";
  }
}

/** @param {string} name @param {() => void} told @returns {HTMLElement[]} */
function tasksOf(name, told) {
  const { rows, tasks } = ownBatch(name);
  const head = element("div");
  head.innerHTML = tableHtml(rows); // numbers alone
  const reward = element("div");
  const list = element("ol", {}, ...tasks.map((task, i) => taskOf(name, task, i + 1, () => {
    told();
    celebrate();
  })));
  function celebrate() {
    if (ownSolved(name, TASKS).length < TASKS || reward.firstChild) return;
    const data = { state: { entries: rows.map(({ ids }) => ids) }, step: "pad", show: "ids", tokens: { ids: {}, bytes: {} } };
    reward.innerHTML = `<p>All ${TASKS} are solved. Here is your batch, step by step; no row of it has a prompt here.</p><batch-explorer id="own-explorer"><script type="application/json">${JSON.stringify(data)}</script></batch-explorer>`;
  }
  celebrate();
  return [element("p", {}, `The batch of ${name}`), head, list, reward];
}

/** @param {string} name @param {Task} task @param {number} number @param {() => void} told */
function taskOf(name, task, number, told) {
  const id = `own-${number}`;
  const table = element("div");
  table.innerHTML = targetsHtml(task); // numbers alone
  const box = element("input", { id, autocomplete: "off", "aria-describedby": `${id}-said` });
  const said = element("p", { role: "status", id: `${id}-said`, class: "learn-said" });
  const form = element(
    "form", { class: "learn-box" },
    element("label", { for: id }, `Answer ${number}, as ${task.any_order ? "positions" : task.answer.length > 1 ? "two numbers" : "a number"}`),
    box, " ", element("button", {}, "Check"), said,
  );
  if (ownSolved(name, TASKS).includes(number)) {
    box.value = task.answer.join(" ");
    said.textContent = `\u2713 Task ${number}, ${task.step}: solved.`;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { right, sentence } = checkTask(task, number, box.value);
    said.textContent = `${right ? "\u2713" : "\u2192"} ${sentence}`;
    if (right) solveOwn(name, number, TASKS);
    told();
  });
  return element("li", {}, element("p", {}, task.question), table, form);
}
