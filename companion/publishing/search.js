// The search page: finds words in the text of all pages, by double click as over http, and shows
// where they stand. Takes what `searching.py` wrote; a classic script.
(() => {
  "use strict";

  const MOST = 50; // places that are shown
  const AROUND = 110; // characters on each side of the first word
  const ENDINGS = /(?:ies|ings?|ed|es|s|er|ly)$/;

  /** Make alike what is meant alike: case, dashes, quotes; each is one character. @param {string} text */
  const alike = (text) =>
    text
      .replace(/[A-Z\u00c0-\u00de]/g, (letter) => letter.toLowerCase())
      .replace(/[\u2212\u2010-\u2013]/g, "-")
      .replace(/[\u2018\u2019]/g, "'")
      .replace(/[\u201c\u201d]/g, '"');

  /**
   * Give a pattern for a word: it begins where a word begins, and may go on where it ends in a letter.
   *
   * @param {string} word
   */
  const patternOf = (word) =>
    new RegExp(
      (/^[\p{L}\p{N}]/u.test(word) ? "(?<![\\p{L}\\p{N}])" : "") +
        word.replace(/[.*+?^${}()|[\]\\\/]/g, "\\$&") +
        (/\p{N}$/u.test(word) ? "(?!\\p{N})" : /\p{L}$/u.test(word) ? "\\p{L}*" : ""),
      "gu",
    );

  /** @param {string} text @param {RegExp} pattern */
  const countOf = (text, pattern) => (text.match(pattern) ?? []).length;

  /**
   * Give the places in which so many of the words stand, best first: a section's text and heading,
   * and its page's title.
   *
   * @param {[string, [string, string, string][]][]} texts
   * @param {RegExp[]} patterns
   */
  function placesOf(texts, patterns, least = patterns.length) {
    const found = [];
    for (const [page, sections] of texts) {
      const title = sections[0][1];
      for (const [anchor, heading, text] of sections) {
        let [score, present] = [0, 0];
        for (const pattern of patterns) {
          const named = countOf(alike(heading), pattern);
          const counted = countOf(alike(text), pattern);
          if (named || counted) present += 1;
          score += 12 * Math.min(named, 1) + Math.min(counted, 3) + 6 * Math.min(countOf(alike(title), pattern), 1);
        }
        if (present >= least && score > 0) found.push({ page, title, anchor, heading, text, score: score + 100 * present });
      }
    }
    return found.sort((a, b) => b.score - a.score);
  }

  /** Show a text around its first word, and mark each. @param {string} text @param {RegExp[]} patterns */
  function contextOf(text, patterns) {
    const same = alike(text);
    const starts = patterns.map((pattern) => same.search(pattern)).filter((start) => start >= 0);
    const from = Math.max(Math.min(...starts, text.length) - AROUND, 0);
    const shown = text.slice(from, from + 2 * AROUND);
    const marks = patterns
      .flatMap((pattern) => [...alike(shown).matchAll(pattern)].map((match) => [match.index, match.index + match[0].length]))
      .sort((a, b) => a[0] - b[0]);
    const context = Object.assign(document.createElement("p"), { className: "context" });
    let at = 0;
    context.append(from > 0 ? "… " : "");
    for (const [start, stop] of marks) {
      if (start < at) continue;
      context.append(shown.slice(at, start), Object.assign(document.createElement("mark"), { textContent: shown.slice(start, stop) }));
      at = stop;
    }
    context.append(shown.slice(at), from + 2 * AROUND < text.length ? " …" : "");
    return context;
  }

  /** @param {ReturnType<typeof placesOf>[number]} place @param {RegExp[]} patterns */
  function itemOf({ page, title, anchor, heading, text }, patterns) {
    const item = document.createElement("li");
    const isTop = heading === title;
    const link = document.createElement("a");
    link.href = isTop ? page : `${page}#${anchor}`;
    link.textContent = isTop ? title : `${title} › ${heading}`;
    item.append(link, contextOf(text, patterns));
    return item;
  }

  const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  const out = document.getElementById("search-results");
  if (!query || !out) return;
  for (const box of document.querySelectorAll('input[name="q"]')) /** @type {HTMLInputElement} */ (box).value = query;
  const texts = /** @type {any} */ (globalThis).searchTexts;
  const words = [...alike(query).matchAll(/"([^"]+)"|\S+/g)].map(([whole, phrase]) => phrase ?? whole);
  let patterns = words.map(patternOf);
  let places = placesOf(texts, patterns);
  if (!places.length) {
    patterns = words.map((word) => patternOf(word.length > 4 ? word.replace(ENDINGS, "") : word));
    places = placesOf(texts, patterns);
  }
  if (!places.length && words.length > 3) {
    // A message that was pasted has numbers and names of its own: most of its words are enough.
    patterns = words.map((word) => word.replace(/^[^\p{L}\p{N}-]+|[^\p{L}\p{N}]+$/gu, "")).filter(Boolean).map(patternOf);
    places = placesOf(texts, patterns, Math.ceil(0.6 * patterns.length));
  }
  const said = document.createElement("p");
  said.className = "search-summary";
  said.setAttribute("role", "status");
  const pages = new Set(places.map(({ page }) => page)).size;
  const many = (/** @type {number} */ count, /** @type {string} */ word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  said.textContent = places.length
    ? `${many(places.length, "place")} in ${many(pages, "page")}` + (places.length > MOST ? `; the first ${MOST} are shown` : "")
    : `Nothing found for ${query}. All words have to stand in one section.`;
  const list = document.createElement("ul");
  list.className = "search";
  list.append(...places.slice(0, MOST).map((place) => itemOf(place, patterns)));
  out.replaceChildren(said, list);
})();
