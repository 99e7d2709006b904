/**
 * What the labs have in common: how they are written into a page, complain, hand out a link, and
 * come to life on a page without a kernel.
 */

/**
 * @template S
 * @typedef {{show: (state: S) => void, complain: (message: string) => void}} Lab a lab from outside
 */

/** @param {string} text */
export function escape(text) {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * Write HTML into an element, and make its parts as wide and as tall as they say: a strict page
 * ignores a style that stands in HTML.
 *
 * @param {HTMLElement} at
 * @param {string} html
 */
export function write(at, html) {
  at.innerHTML = html;
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (at.querySelectorAll("[data-wide], [data-tall]"))) {
    part.style.width = part.dataset.wide ?? "";
    part.style.height = part.dataset.tall ?? "";
  }
}

/**
 * Give what finds a part of a lab by its name.
 *
 * @param {HTMLElement} root
 * @returns {(part: string) => HTMLElement}
 */
export function partsOf(root) {
  return (part) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${part}"]`));
}

/** @param {(part: string) => HTMLElement} $ @param {string} message */
export function complain($, message) {
  $("message").textContent = message;
  $("message").hidden = !message;
}

/**
 * A labelled box; its control says where its name goes by its first space.
 *
 * @param {string} prefix
 * @param {string} part
 * @param {string} label
 * @param {string} control
 */
export function fieldOf(prefix, part, label, control) {
  return `<span class="pl-field"><label for="${prefix}-${part}">${label}</label> ${control.replace(" ", ` data-part="${part}" id="${prefix}-${part}" `)}</span>`;
}

/** What can be taken away, as HTML; a link only where the page's address can hold one. @param {boolean} isPage */
export function takeOf(isPage) {
  return `<p class="pl-take"><button type="button" data-part="link"${isPage ? "" : " hidden"}>Copy link</button> <button type="button" data-part="reset">Reset</button> <span aria-live="polite" data-part="copying"></span>
<input data-part="copied" readonly hidden aria-label="To copy"></p>`;
}

/** Hand out a link that ends in what holds the state. @param {(part: string) => HTMLElement} $ @param {string} hash */
export async function copyLink($, hash) {
  const box = /** @type {HTMLInputElement} */ ($("copied"));
  box.value = `${location.href.split("#")[0]}${hash}`;
  try {
    await navigator.clipboard.writeText(box.value);
    box.hidden = true;
    $("copying").textContent = "The link is in the clipboard.";
  } catch {
    // Over plain http a browser gives no clipboard; a selected text can be copied by hand.
    box.hidden = false;
    box.select();
    $("copying").textContent = "The link is selected; copy it with the keyboard.";
  }
}

/**
 * Bring a page's labs to life: each holds its data as JSON, and a table to read meanwhile.
 *
 * @template S
 * @param {string} tag the element's name; ids are this and a number
 * @param {(root: HTMLElement, data: any) => Lab<S>} mount
 * @param {(hash: string, id: string, data: any) => S | null} readHash null where it is about something else
 */
export function definePage(tag, mount, readHash) {
  if (typeof customElements === "undefined" || customElements.get(tag)) return;
  let number = 0;
  class PageLab extends HTMLElement {
    connectedCallback() {
      if (this.dataset.alive) return;
      const data = JSON.parse(this.querySelector("script")?.textContent ?? "null");
      if (!data) return;
      this.dataset.alive = "true";
      this.id ||= `${tag}-${(number += 1)}`;
      const stored = [...this.childNodes];
      try {
        const lab = mount(this, data);
        const restore = () => this.restore(lab, data);
        restore();
        addEventListener("hashchange", restore);
      } catch (error) {
        this.replaceChildren(...stored); // the table tells the lesson without us
        console.error(error);
      }
    }

    /** @param {Lab<S>} lab @param {any} data */
    restore(lab, data) {
      try {
        const state = readHash(location.hash, this.id, data);
        if (state === null) return;
        lab.show(state);
        this.scrollIntoView();
      } catch {
        lab.complain("The link to a lab in this page's address is damaged; here are the page's own settings.");
      }
    }
  }
  customElements.define(tag, PageLab);
}
