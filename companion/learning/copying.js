/** Small things for a page: an element, and a text that can be copied. */

/**
 * Give a new element with some attributes and children.
 *
 * @template {keyof HTMLElementTagNameMap} N
 * @param {N} name
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[N]}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** @param {unknown} error */
export function sentenceOf(error) {
  const { message } = /** @type {Error} */ (error);
  return `${message[0].toUpperCase()}${message.slice(1)}.`;
}

/**
 * Give a box for a name, which is the same on every page, and a line with a button to copy it.
 *
 * @param {string} id
 * @param {{get: (key: string) => string, set: (key: string, value: string) => void}} kept
 * @param {(name: string) => string} lineOf raises an error, in a sentence, for a name that is none
 */
export function lineBox(id, kept, lineOf) {
  const name = element("input", { id: `${id}-name`, autocomplete: "name", maxlength: "120", spellcheck: "false" });
  const line = element("textarea", { id: `${id}-line`, readonly: "", rows: "3", spellcheck: "false" });
  const copy = element("button", { type: "button" }, "Copy the line");
  const said = element("p", { role: "status", class: "learn-said" });
  const whole = element(
    "div", { class: "learn-box" },
    element("label", { for: name.id }, "Your name"), name,
    element("label", { for: line.id }, "Your line to hand in"), line,
    element("p", {}, copy), said,
  );

  function show() {
    said.textContent = "";
    copy.disabled = true;
    line.value = "";
    if (!name.value.trim()) return;
    try {
      line.value = lineOf(name.value);
      copy.disabled = false;
    } catch (error) {
      said.textContent = sentenceOf(error);
    }
  }
  name.value = kept.get("name");
  name.addEventListener("input", () => {
    kept.set("name", name.value.trim() && name.value);
    show();
  });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line.value);
      said.textContent = "The line is in the clipboard.";
    } catch {
      // Over plain http a browser gives no clipboard; a selected text can be copied by hand.
      line.select();
      said.textContent = "The line is selected; copy it with the keyboard.";
    }
  });
  show();
  return { whole, show, name };
}
