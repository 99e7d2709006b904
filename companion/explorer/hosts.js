/**
 * The two hosts of the explorer. On a page without a kernel the frames are made here, from what
 * the page carries; in Jupyter the kernel's companion makes them.
 */

import { mount } from "./explorer.js";
import { carriedTokenizer, makeFrames, readState, refusalOf } from "./frames.js";
import { keep, kept, readLink, readView } from "./sharing.js";

/**
 * @typedef {import("./frames.js").State} State
 * @typedef {import("./frames.js").Frames} Frames
 * @typedef {import("./explorer.js").Constants} Constants
 * @typedef {import("./explorer.js").Host} Host
 */

/**
 * On a page without a kernel: frames are made here, from the tokens that the page carries; the
 * whole vocabulary is loaded at the first change that needs more.
 *
 * @param {{ids: Record<string, number[]>, bytes: Record<string, string>}} tokens
 * @param {Constants} constants
 * @param {() => Promise<import("./tokenizing.js").Tokenizer>} load
 * @returns {Host}
 */
export function pageHost(tokens, constants, load) {
  /** @type {import("./frames.js").Tokenizer} */
  let tokenizer = remembering(carriedTokenizer(tokens));
  /** @type {Promise<void> | null} */
  let loading = null;
  return {
    isPage: true,
    frames(state, drawn, failed) {
      const why = refusalOf(state, constants);
      if (why) return failed(`${why}.`);
      try {
        return drawn(makeFrames(state, tokenizer, constants));
      } catch (error) {
        if (loading === null) loading = load().then((whole) => void (tokenizer = remembering(whole)));
        loading.then(
          () => drawn(makeFrames(state, tokenizer, constants)),
          () => {
            loading = null;
            failed("The vocabulary could not be loaded, so only this page's own texts can be shown.");
          },
        );
      }
    },
  };
}

/**
 * Keep what was encoded: of a batch, a key stroke changes one text.
 *
 * @param {import("./frames.js").Tokenizer} tokenizer
 * @returns {import("./frames.js").Tokenizer}
 */
function remembering(tokenizer) {
  /** @type {Map<string, number[]>} */
  const known = new Map();
  return {
    bytes: tokenizer.bytes,
    encode(text) {
      const found = known.get(text);
      if (found) return found;
      const ids = tokenizer.encode(text);
      if (known.size > 200) known.clear();
      known.set(text, ids);
      return ids;
    },
  };
}

const KEPT = "Your batch is as you left it: this browser, and no one else, keeps it. Reset gives the page's own.";

const LINKED = "This batch came by a link. Reset gives the page's own.";

/** @type {Promise<import("./tokenizing.js").Tokenizer> | null} */
let vocabulary = null;

/**
 * Add the vocabulary, with the tokenizer that reads it, as a classic script, once a page: by
 * double click, nothing else loads.
 */
function loadVocabulary() {
  const root = document.documentElement.dataset.content_root ?? "";
  vocabulary ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${root}_static/vocabulary.js`;
    const fail = () => {
      vocabulary = null;
      reject(new Error("no vocabulary"));
    };
    script.onerror = fail;
    script.onload = () => {
      try {
        const { tokenizing_js: tokenizing, gpt2Vocabulary } = /** @type {any} */ (globalThis);
        resolve(tokenizing.makeTokenizer(gpt2Vocabulary));
      } catch {
        fail(); // a browser may have kept the script of another release
      }
    };
    document.head.append(script);
  });
  return vocabulary;
}

/**
 * Bring a page's explorers to life: each holds its data as JSON, and a table to read meanwhile.
 *
 * @param {Constants} constants
 */
export function definePageElement(constants) {
  if (typeof customElements === "undefined" || customElements.get("batch-explorer")) return;
  let count = 0;
  class BatchExplorer extends HTMLElement {
    connectedCallback() {
      if (this.dataset.alive) return;
      const data = JSON.parse(this.querySelector("script")?.textContent ?? "null");
      if (!data) return;
      this.dataset.alive = "true";
      this.id ||= `explorer-${(count += 1)}`;
      const stored = [...this.childNodes];
      try {
        enliven(this, data, constants);
      } catch (error) {
        this.replaceChildren(...stored); // the table tells the lesson without us
        console.error(error);
      }
    }
  }
  customElements.define("batch-explorer", BatchExplorer);
}

/**
 * Build an explorer in a page's element, with the batch that the reader left there or that the
 * page's address holds.
 *
 * @param {HTMLElement} element
 * @param {any} data
 * @param {Constants} constants
 */
function enliven(element, data, constants) {
  /** @type {State} */
  const own = { ...constants.defaults, ...data.state };
  const host = {
    ...pageHost(data.tokens, constants, loadVocabulary),
    changed: (/** @type {State} */ state) => {
      keep(element.id, own, state);
      // From here on it is the reader's batch: a reload must not bring the link's back.
      if (location.hash.startsWith(`#batch=${element.id}.`)) history.replaceState(null, "", location.href.split("#")[0]);
    },
  };
  const explorer = mount(element, data, host, constants);
  const showOwn = (isFirst = false) => {
    const [before, why] = keptBatch(element.id, own, constants);
    if (before || why || !isFirst) explorer.show(before ?? own, data.step, why);
  };
  const restore = () => restoreLink(element, explorer, showOwn, constants);
  showOwn(true);
  restore();
  addEventListener("hashchange", restore);
}

/**
 * Give what the reader left here, if it can be shown, and what to say about it.
 *
 * @param {string} id
 * @param {State} own the page's
 * @param {Constants} constants
 * @returns {[State | null, string]}
 */
function keptBatch(id, own, constants) {
  try {
    const before = kept(id, own, constants);
    return [before, before ? KEPT : ""];
  } catch (error) {
    return [null, `What this browser kept of a batch cannot be shown, and is discarded: ${/** @type {Error} */ (error).message}.`];
  }
}

/**
 * Show the batch that the page's address holds, and once it holds none, what was here before.
 *
 * @param {HTMLElement} element
 * @param {import("./explorer.js").Explorer} explorer
 * @param {() => void} showOwn
 * @param {Constants} constants
 */
function restoreLink(element, explorer, showOwn, constants) {
  try {
    const link = readLink(location.hash, element.id, constants);
    if (link) {
      explorer.show(link.state, link.step, LINKED);
      element.scrollIntoView();
    } else if (element.hasAttribute("data-linked")) showOwn();
    element.toggleAttribute("data-linked", Boolean(link));
  } catch (error) {
    explorer.tell(`The link to a batch in this page's address is damaged, and nothing of it could be used: ${/** @type {Error} */ (error).message}.`);
  }
}

// In Jupyter ------------------------------------------------------------------------------

/** @type {(keyof State)[]} the parts of a state that are traits of the widget */
const TRAITS = ["entries", "style", "mask", "max_length", "truncation", "fault"];

/** @param {any} model @returns {State} */
function chosenIn(model) {
  return /** @type {any} */ (Object.fromEntries(TRAITS.map((name) => [name, model.get(name)])));
}

/** Give a state as a text, to tell it from others. @param {State} state */
function wholeOf(state) {
  return JSON.stringify(TRAITS.map((name) => state[name] ?? null));
}

/**
 * In Jupyter: the kernel's companion makes the frames; see `BatchExplorer` in `widget.py`.
 *
 * @param {Constants} constants
 */
export function jupyterWidget(constants) {
  return {
    /** @param {{model: any, el: HTMLElement}} context */
    render({ model, el }) {
      const own = { known: wholeOf(chosenIn(model)) };
      const kernel = askingKernel(model);
      readState(chosenIn(model), constants); // a model that is none is an error, which Jupyter shows
      const looked = () => readView({ step: model.get("step"), show: model.get("show") });
      const host = { name: `-${model.model_id ?? ""}-`, frames: kernel.frames, ...tellingModel(model, own) };
      const explorer = mount(el, { state: chosenIn(model), ...looked() }, host, constants);
      const follow = () => {
        const state = chosenIn(model);
        if (wholeOf(state) === own.known) return; // it was this view that changed it
        const why = refusalOf(state, constants);
        if (why) return explorer.tell(`The kernel's batch cannot be shown: ${why}.`);
        own.known = wholeOf(state);
        explorer.show(state, looked().step);
      };
      const turn = () => explorer.look(looked().step, looked().show);
      for (const name of TRAITS) model.on(`change:${name}`, follow);
      model.on("change:step change:show", turn);
      return () => {
        kernel.stop();
        for (const name of TRAITS) model.off(`change:${name}`, follow);
        model.off("change:step change:show", turn);
      };
    },
  };
}

/**
 * Give a function that asks the kernel for frames, and one that no longer hears its answers.
 *
 * @param {any} model
 * @returns {{frames: Host["frames"], stop: () => void}}
 */
function askingKernel(model) {
  /** @type {Map<string, {drawn: (frames: Frames) => void, failed: (message: string) => void}>} */
  const waiting = new Map();
  const view = Math.random().toString(36).slice(2); // another view of this model hears the answers too
  let count = 0;
  /** @type {(answer: {asked: string, frames: Frames, error?: string}) => void} */
  const answered = ({ asked, frames, error }) => {
    const own = waiting.get(asked);
    waiting.delete(asked);
    if (own) error || !frames ? own.failed(String(error)) : own.drawn(frames);
  };
  model.on("msg:custom", answered);
  return {
    frames(state, drawn, failed) {
      const number = `${view} ${(count += 1)}`;
      waiting.set(number, { drawn, failed });
      const { pad_to_multiple_of: _, ...asked } = /** @type {any} */ (state);
      model.send({ number, state: asked });
    },
    stop: () => model.off("msg:custom", answered),
  };
}

/**
 * Give the host's half that tells the model what the reader has chosen, and remembers it.
 *
 * @param {any} model
 * @param {{known: string}} own
 */
function tellingModel(model, own) {
  /** @type {(parts: Record<string, any>) => void} */
  const set = (parts) => {
    for (const [name, value] of Object.entries(parts)) model.set(name, value ?? null);
    model.save_changes();
  };
  return {
    changed(/** @type {State} */ state) {
      own.known = wholeOf(state);
      set(Object.fromEntries(TRAITS.map((name) => [name, state[name]])));
    },
    looked: (/** @type {{step: string, show: string}} */ { step, show }) => set({ step, show }),
  };
}
