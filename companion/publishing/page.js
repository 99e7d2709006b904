// What the built pages do beyond the theme. A classic script: it runs by double click too.
(() => {
  "use strict";

  // Paper cannot be unfolded: while printing, every answer and solution is open.
  /** @type {HTMLDetailsElement[]} */
  let folded = [];
  let printing = false;
  window.addEventListener("beforeprint", () => {
    printing = true;
    folded = [...document.querySelectorAll("details")].filter((details) => !details.open);
    for (const details of folded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
    folded = [];
    setTimeout(() => { // what opens and closes says so a moment later
      printing = false;
    });
  });

  // A quiz says of each choice, by a word and a sign, whether it is right, and counts: what was
  // right at once, and what at a later try. The count is kept in this browser alone.
  const SIGNS = { right: "\u2713 right", wrong: "\u2717 not this", almost: "\u2248 not quite" };

  /** @param {string} key @returns {string[]} what was said to each question so far */
  function readCount(key) {
    try {
      const found = JSON.parse(localStorage.getItem(key) ?? "[]");
      return Array.isArray(found) ? found : [];
    } catch {
      return []; // a browser may keep nothing, and anybody may have written there
    }
  }

  /** @param {HTMLElement} quiz */
  function countQuiz(quiz) {
    const key = `inside-the-batch:quiz:${quiz.dataset.quiz}`;
    const questions = [...quiz.querySelectorAll(".quiz")];
    const kept = readCount(key);
    const state = questions.map((_, at) => (["once", "later", "tried"].includes(kept[at]) ? kept[at] : ""));
    const score = document.createElement("p");
    score.className = "quiz-score";
    score.setAttribute("role", "status");
    quiz.append(score);

    function tell() {
      const once = state.filter((said) => said === "once").length;
      const later = state.filter((said) => said === "later").length;
      score.textContent = state.some(Boolean)
        ? `${once + later} of ${questions.length} right, ${once} of them at once.`
        : "";
    }

    questions.forEach((question, at) => {
      for (const choice of question.querySelectorAll("details")) {
        choice.addEventListener("toggle", () => {
          if (!choice.open || printing) return;
          const verdict = choice.dataset.verdict ?? "wrong";
          const summary = choice.querySelector("summary");
          if (summary && !summary.querySelector(".quiz-sign")) {
            const sign = document.createElement("span");
            sign.className = `quiz-sign quiz-${verdict}`;
            sign.textContent = ` ${SIGNS[/** @type {"right"} */ (verdict)]}`;
            summary.append(sign);
          }
          if (verdict === "right") state[at] = state[at] === "tried" ? "later" : state[at] || "once";
          else state[at] ||= "tried";
          tell();
          try {
            localStorage.setItem(key, JSON.stringify(state));
          } catch {
            // Then it is not kept.
          }
        });
      }
    });
    tell();
  }
  for (const quiz of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".quiz-of"))) {
    countQuiz(quiz);
  }
})();
