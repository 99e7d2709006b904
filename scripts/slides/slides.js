// The slides: reveal.js without its scaling, so that what is clicked is where it is seen.
// A classic script: it runs by double click, too.
(() => {
  "use strict";

  // What lives on a slide takes its own keys, and no slide is turned by them.
  const ALIVE = "batch-explorer, padding-lab, training-lab, input, textarea, select, button, summary, a";
  const inside = (/** @type {Event} */ event) => event.target instanceof Element && event.target.closest(ALIVE);

  for (const each of document.querySelectorAll("batch-explorer, padding-lab, training-lab, pre")) {
    each.setAttribute("data-prevent-swipe", "");
  }
  // On a slide, what a prediction asked for is open as soon as one goes on to it.
  for (const each of document.querySelectorAll("details.hide")) each.setAttribute("open", "");

  const { Reveal, RevealNotes } = /** @type {any} */ (globalThis);
  const deck = new Reveal(document.querySelector(".reveal"), {
    disableLayout: true, // a scaled explorer would be clicked beside where it is drawn
    navigationMode: "linear",
    hash: true,
    center: false,
    transition: "none",
    slideNumber: "c/t",
    showSlideNumber: "all",
    width: 1280,
    height: 720,
    keyboardCondition: (/** @type {Event} */ event) => !inside(event),
    plugins: [RevealNotes], // S: a window with the notes, the next slide and a clock
  });
  deck.initialize();

  // Who has one screen alone reads the notes below the slide.
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "t" || event.ctrlKey || event.altKey || event.metaKey || inside(event)) return;
    event.stopImmediatePropagation();
    document.body.classList.toggle("with-notes");
  }, true);
})();
