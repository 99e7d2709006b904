/** What stands at the end of a chapter: what was done in it, the line to hand in, what comes next. */

import { element, lineBox } from "./copying.js";
import { TURNS, writeLine } from "./handing.js";
import { doneOf, get, sayDone, set, stageOf } from "./keeping.js";

/** @typedef {{chapters: import("./keeping.js").Chapter[], paths: Record<string, string[]>}} Book */

/** Where the chapter's path goes on. @param {Book} book @param {string} page */
export function nextOf({ chapters, paths }, page) {
  const pages = paths[get("path")] ?? [];
  const after = pages.slice(pages.indexOf(page) + 1);
  return chapters.find((chapter) => chapter.page === after.find((one) => (
    chapters.some((other) => other.page === one && stageOf(other) !== "done")
  )));
}

/** @param {Book} book */
export function defineEnding(book) {
  const section = /** @type {HTMLElement | null} */ (document.querySelector("section.ending"));
  const chapter = book.chapters.find(({ page }) => page === section?.dataset.page);
  if (section && chapter) bringToLife(book, section, chapter);
}

/** @param {Book} book @param {HTMLElement} section @param {import("./keeping.js").Chapter} chapter */
function bringToLife(book, section, chapter) {
  const { name: own, exercises } = chapter;
  const done = element("p", { class: "learn-done" });
  const box = lineBox("your", { get, set }, (name) => (
    writeLine({ name, chapter: own, exercises: exercises.length, ...doneOf(chapter) })
  ));
  const next = element("p", {});
  const [, notebook] = section.querySelectorAll("p");
  notebook.before(done, box.whole);
  section.append(next);

  function tell() {
    done.textContent = `In this browser: ${sayDone(chapter)}.`;
    const after = nextOf(book, chapter.page);
    next.replaceChildren(
      ...(after ? ["Next on your path: ", element("a", { href: `${after.page}.html` }, after.title), ". "] : []),
      element("a", { href: "path.html" }, after ? "All your progress" : "Your progress, and which way to go on"), ".",
    );
    box.show();
  }
  document.addEventListener("answer-checked", () => setTimeout(tell));
  // An answer of the quiz that opens says so to itself alone, and then keeps it.
  document.addEventListener("toggle", () => setTimeout(tell), true);
  addEventListener("storage", tell);
  document.addEventListener("turn-taken", (event) => {
    const { step } = /** @type {CustomEvent} */ (event).detail;
    if (TURNS.includes(step)) set(`turn:${own}:${step}`, "1");
    tell();
  });
  tell();
}
