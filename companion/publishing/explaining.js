// Words of the glossary say what they mean: on hover, on focus, at the first tap; Escape hides.
// A classic script: it runs by double click too. Without it a word is a link to the glossary.
(() => {
  "use strict";

  const GAP = 6; // between a word and what is said of it, in pixels
  const WAIT = 150; // a pointer that passes over a word does not ask, in milliseconds

  /** @type {HTMLElement | null} the word of which something is said now */
  let asked = null;
  /** @type {number | undefined} */
  let waiting;
  /** @type {string} how the last pointer touched the page: "mouse", "touch", "pen" */
  let pointer = "mouse";

  /** @param {EventTarget | null} target @param {string} selector */
  const at = (target, selector) =>
    /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest(selector) : null);

  /** @param {HTMLElement} word */
  const saidOf = (word) => document.getElementById(word.getAttribute("aria-describedby") ?? "");

  function hide() {
    clearTimeout(waiting);
    if (!asked) return;
    const said = saidOf(asked);
    if (said) said.hidden = true;
    asked = null;
  }

  /** @param {HTMLElement} word */
  function show(word) {
    clearTimeout(waiting);
    const said = saidOf(word);
    if (!said || word === asked) return;
    hide();
    asked = word;
    said.hidden = false;
    // Placed from where a probe of the box lands, so that no parent's place matters.
    said.style.left = said.style.top = "0px";
    const origin = said.getBoundingClientRect();
    const line = word.getClientRects()[0];
    const room = document.documentElement.clientWidth;
    const left = Math.max(GAP, Math.min(line.left, room - origin.width - GAP));
    const below = line.bottom + GAP + origin.height <= window.innerHeight;
    const top = below || line.top < origin.height + GAP
      ? line.bottom + GAP
      : line.top - GAP - origin.height;
    said.style.left = `${left - origin.left}px`;
    said.style.top = `${top - origin.top}px`;
  }

  addEventListener("pointerdown", (event) => {
    pointer = event.pointerType;
    if (asked && !at(event.target, ".said") && at(event.target, "a.explained") !== asked) hide();
  });
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const word = at(event.target, "a.explained");
    clearTimeout(waiting);
    if (word) waiting = setTimeout(() => show(word), WAIT);
    // Whoever moves on to what is said may read it there.
    else if (asked && !at(event.target, ".said") && document.activeElement !== asked)
      waiting = setTimeout(hide, WAIT);
  });
  document.addEventListener("focusin", (event) => {
    const word = at(event.target, "a.explained");
    if (word && pointer !== "touch") show(word);
    else if (!word && !at(event.target, ".said")) hide();
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === asked && pointer !== "touch") hide();
  });
  // The first tap says what a word means; the second follows it to the glossary.
  document.addEventListener("click", (event) => {
    const word = at(event.target, "a.explained");
    if (!word || pointer !== "touch" || word === asked) return;
    event.preventDefault();
    show(word);
  });
  document.addEventListener("keydown", (event) => {
    pointer = "keyboard";
    if (event.key === "Escape") hide();
  });
  addEventListener("resize", hide);
})();
