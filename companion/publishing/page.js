// What the built pages do beyond the theme. A classic script: it runs by double click too.
(() => {
  "use strict";

  // Paper cannot be unfolded: while printing, every answer and solution is open.
  /** @type {HTMLDetailsElement[]} */
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details")].filter((details) => !details.open);
    for (const details of folded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
    folded = [];
  });
})();
