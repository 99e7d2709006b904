/** The page with the paths: marks of progress, what comes next, and the progress to a file and back. */

import { element, sentenceOf } from "./copying.js";
import { readLine } from "./handing.js";
import { doneOf, exported, forget, get, imported, set, stageOf } from "./keeping.js";

/** @typedef {import("./ending.js").Book} Book */

const MARKS = { "": "", begun: "\u25d0 begun", done: "\u2713 done" };

/** @param {Book} book */
export function definePaths(book) {
  /** @type {HTMLElement | null} */
  const progress = document.querySelector(".progress-of");
  if (!progress) return;
  const of = (/** @type {HTMLElement} */ place) => book.chapters.find(({ page }) => page === place.dataset.page);
  /** @type {HTMLElement[]} */
  const paths = [...document.querySelectorAll(/** @type {"div"} */ (".path"))];
  for (const path of paths) path.prepend(choiceOf(path));

  function tell() {
    for (const path of paths) {
      /** @type {HTMLElement[]} */
      const places = [...path.querySelectorAll(/** @type {"li"} */ ("li[data-page]"))];
      for (const place of places) {
        const chapter = of(place);
        /** @type {HTMLElement} */ (place.querySelector(".path-done")).textContent = chapter ? MARKS[stageOf(chapter)] : "";
      }
      const next = places.map(of).find((chapter) => chapter && stageOf(chapter) !== "done");
      path.querySelector(".path-next")?.replaceChildren(
        ...(next ? ["Next: ", element("a", { href: `${next.page}.html` }, next.title)] : ["You have done all of it."]),
      );
      path.toggleAttribute("data-chosen", path.dataset.path === get("path"));
      for (const radio of path.querySelectorAll("input")) radio.checked = radio.value === get("path");
    }
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (/** @type {HTMLElement} */ (progress).querySelectorAll("tr[data-page]"))) {
      const chapter = of(row);
      if (!chapter) continue;
      const { solved, turns, quiz } = doneOf(chapter);
      const cells = row.querySelectorAll("td");
      cells[0].textContent = `${solved.length} of ${chapter.exercises.length}`;
      cells[1].textContent = quiz ? `${quiz.right} of ${quiz.questions}` : "";
      cells[2].textContent = turns.join(", ");
      row.dataset.stage = stageOf(chapter);
    }
  }
  document.addEventListener("change", (event) => {
    const radio = /** @type {HTMLInputElement} */ (event.target);
    if (radio.name !== "path") return;
    set("path", radio.value);
    tell();
  });
  addEventListener("storage", tell);
  progress.append(filing(tell));
  document.querySelector(".line-of")?.append(reading());
  tell();
}

/** @param {HTMLElement} path */
function choiceOf(path) {
  const words = "This is my path";
  const heading = path.closest("section")?.querySelector("h2")?.firstChild?.textContent;
  const radio = element("input", {
    type: "radio", name: "path", value: path.dataset.path ?? "", "aria-label": `${words}: ${heading}`,
  });
  return element("p", {}, element("label", { class: "path-choice" }, radio, ` ${words}`));
}

/** Give the buttons that save, read and forget. @param {() => void} tell */
function filing(tell) {
  const said = element("p", { role: "status", class: "learn-said" });
  const save = element("button", { type: "button" }, "Save to a file");
  const file = element("input", { type: "file", accept: ".json", id: "progress-file" });
  const drop = element("button", { type: "button" }, "Forget everything");
  const sure = element("button", { type: "button" }, "Yes, forget it");
  sure.hidden = true;
  const say = (/** @type {string} */ text) => {
    said.textContent = text;
    sure.hidden = true;
    tell();
  };
  save.addEventListener("click", () => {
    const link = element("a", { download: "inside-the-batch.json", href: URL.createObjectURL(new Blob([exported()], { type: "application/json" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say("It is saved as inside-the-batch.json, where your browser puts what it loads.");
  });
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    try {
      const count = imported(await chosen.text());
      say(count ? `The file is read: ${count} of what it holds was new here.` : "The file is read; all that it holds was here.");
    } catch (error) {
      say(sentenceOf(error));
    }
    file.value = "";
  });
  drop.addEventListener("click", () => {
    say("This forgets what you solved and answered, your drafts and your name, in this browser.");
    sure.hidden = false;
    sure.focus();
  });
  sure.addEventListener("click", () => {
    forget();
    say("It is forgotten.");
    drop.focus();
  });
  return element(
    "div", { class: "learn-box" },
    element("p", {}, save, " ", drop, " ", sure),
    element("label", { for: file.id }, "Read a file that was saved here"), file, said,
  );
}

/** Give a box that reads a line which somebody handed in. */
function reading() {
  const box = element("textarea", { id: "line-read", rows: "3", spellcheck: "false" });
  const said = element("p", { role: "status", class: "learn-said" });
  box.addEventListener("input", () => {
    try {
      const { name, chapter } = readLine(box.value);
      said.textContent = box.value.trim() && `\u2713 The line is whole: ${name}, ${chapter}.`;
    } catch (error) {
      said.textContent = box.value.trim() && `\u2717 ${sentenceOf(error)}`;
    }
  });
  return element("div", { class: "learn-box" }, element("label", { for: box.id }, "A line to hand in"), box, said);
}
