/**
 * The two hosts of the explorer. On a page without a kernel the frames are made here, from what
 * the page carries; in Jupyter the kernel's companion makes them.
 */

import { mount } from "./explorer.js";
import { carriedTokenizer, isTalk, known, makeFrames, readState, refusalOf, withDefaults } from "./frames.js";
import { keep, kept, mayHoldTalks, readLink, readView } from "./sharing.js";

/**
 * @typedef {import("./frames.js").State} State
 * @typedef {import("./frames.js").Frames} Frames
 * @typedef {import("./explorer.js").Constants} Constants
 * @typedef {import("./explorer.js").Host} Host
 */

/**
 * On a page without a kernel: frames are made here, from the tokens that the page carries; the
 * whole vocabulary is loaded at the first change that needs more. Conversations have another
 * vocabulary than entries.
 *
 * @param {{ids: Record<string, number[]>, bytes: Record<string, string>}} tokens
 * @param {boolean} areOfTalks
 * @param {Constants} constants
 * @param {(isOfTalks: boolean) => Promise<import("./tokenizing.js").Tokenizer>} load
 * @returns {Host}
 */
export function pageHost(tokens, areOfTalks, constants, load) {
  /** @type {Map<boolean, import("./frames.js").Tokenizer>} */
  const tokenizers = new Map([[areOfTalks, remembering(carriedTokenizer(tokens))]]);
  /** @type {Map<boolean, Promise<void>>} */
  const loading = new Map();
  return {
    isPage: true,
    frames(state, drawn, failed) {
      const why = refusalOf(state, constants);
      if (why) return failed(`${why}.`);
      const kind = isTalk(state.entries[0]);
      const make = () => drawn(makeFrames(state, tokenizers.get(kind) ?? carriedTokenizer({ ids: {}, bytes: {} }), constants));
      try {
        return make();
      } catch (error) {
        const whole = loading.get(kind) ?? load(kind).then((made) => void tokenizers.set(kind, remembering(made)));
        loading.set(kind, whole);
        whole.then(make, () => {
          loading.delete(kind);
          failed("The vocabulary could not be loaded, so only this page's own texts can be shown.");
        });
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

/** @type {Map<string, Promise<any>>} */
const loaded = new Map();

/**
 * Add a classic script of ours, once a page: by double click, nothing else loads.
 *
 * @template T
 * @param {string} name
 * @param {() => T} read what it has set
 * @returns {Promise<T>}
 */
function loadScript(name, read) {
  const root = document.documentElement.dataset.content_root ?? "";
  const found = loaded.get(name);
  if (found) return found;
  /** @type {Promise<T>} */
  const loading = new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${root}_static/${name}`;
    const fail = () => {
      loaded.delete(name);
      reject(new Error(`no ${name}`));
    };
    script.onerror = fail;
    script.onload = () => {
      try {
        resolve(read());
      } catch {
        fail(); // a browser may have kept the script of another release
      }
    };
    document.head.append(script);
  });
  loaded.set(name, loading);
  return loading;
}

/** Add a vocabulary, with the tokenizer that reads it. @param {boolean} isOfTalks */
function loadVocabulary(isOfTalks) {
  const [name, own] = isOfTalks ? ["vocabulary_smollm2.js", "smollm2Vocabulary"] : ["vocabulary.js", "gpt2Vocabulary"];
  const given = /** @type {any} */ (globalThis);
  return loadScript(name, () => given.tokenizing_js.makeTokenizer(given[own]));
}

/**
 * Add what is known of conversations, which most pages have none of.
 *
 * @param {(make: Function) => any} take gives it the modules that it needs
 */
function loadTalks(take) {
  return loadScript("explorer_talks.js", () => void (known.talks = take(/** @type {any} */ (globalThis).batchExplorerTalks)));
}

/**
 * Bring a page's explorers to life: each holds its data as JSON, and a table to read meanwhile.
 *
 * @param {Constants} constants
 * @param {(make: Function) => any} take gives modules to what another script knows
 */
export function definePageElement(constants, take) {
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
      const build = () => {
        try {
          enliven(this, data, constants, take);
        } catch (error) {
          this.replaceChildren(...stored); // the table tells the lesson without us
          console.error(error);
        }
      };
      if (!mayHoldTalks(this.id, data.state)) return build();
      loadTalks(take).then(build, (error) => (isTalk(data.state.entries[0]) ? console.error(error) : build()));
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
 * @param {(make: Function) => any} take
 */
function enliven(element, data, constants, take) {
  const own = withDefaults(data.state, constants);
  const host = {
    ...pageHost(data.tokens, isTalk(own.entries[0]), constants, loadVocabulary),
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
  addEventListener("hashchange", () => {
    if (known.talks || !mayHoldTalks(element.id, own)) restore();
    else loadTalks(take).then(restore, restore);
  });
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
