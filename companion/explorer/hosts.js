/**
 * The two hosts of the explorer. On a page without a kernel the frames are made here, from what
 * the page carries; in Jupyter the kernel's companion makes them.
 */

import { mount } from "./explorer.js";
import { carriedTokenizer, makeFrames, readState, refusalOf } from "./frames.js";
import { keep, kept, readLink, readView } from "./sharing.js";
import { makeTokenizer } from "./tokenizing.js";

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

/** Add the vocabulary as a classic script, once a page: by double click, nothing else loads. */
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
        resolve(makeTokenizer(/** @type {any} */ (globalThis).gpt2Vocabulary));
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
        /** @type {State} */
        const own = { ...constants.defaults, ...data.state };
        const host = {
          ...pageHost(data.tokens, constants, loadVocabulary),
          changed: (/** @type {State} */ state) => {
            keep(this.id, own, state);
            // From here on it is the reader's batch: a reload must not bring the link's back.
            if (location.hash.startsWith(`#batch=${this.id}.`)) history.replaceState(null, "", location.href.split("#")[0]);
          },
        };
        const explorer = mount(this, data, host, constants);
        const showOwn = (isFirst = false) => {
          const [before, why] = this.keptBatch(own);
          if (before || why || !isFirst) explorer.show(before ?? own, data.step, why);
        };
        showOwn(true);
        this.restore(explorer, showOwn);
        addEventListener("hashchange", () => this.restore(explorer, showOwn));
      } catch (error) {
        this.replaceChildren(...stored); // the table tells the lesson without us
        console.error(error);
      }
    }

    /**
     * Give what the reader left here, if it can be shown, and what to say about it.
     *
     * @param {State} own the page's
     * @returns {[State | null, string]}
     */
    keptBatch(own) {
      try {
        const before = kept(this.id, own, constants);
        return [before, before ? KEPT : ""];
      } catch (error) {
        return [null, `What this browser kept of a batch cannot be shown, and is discarded: ${/** @type {Error} */ (error).message}.`];
      }
    }

    /**
     * Show the batch that the page's address holds, and once it holds none, what was here before.
     *
     * @param {import("./explorer.js").Explorer} explorer
     * @param {() => void} showOwn
     */
    restore(explorer, showOwn) {
      try {
        const link = readLink(location.hash, this.id, constants);
        if (link) {
          explorer.show(link.state, link.step, LINKED);
          this.scrollIntoView();
        } else if (this.hasAttribute("data-linked")) showOwn();
        this.toggleAttribute("data-linked", Boolean(link));
      } catch (error) {
        explorer.tell(`The link to a batch in this page's address is damaged, and nothing of it could be used: ${/** @type {Error} */ (error).message}.`);
      }
    }
  }
  customElements.define("batch-explorer", BatchExplorer);
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
      /** @type {(keyof State)[]} */
      const parts = ["entries", "style", "mask", "max_length", "truncation", "fault"];
      /** @type {() => State} */
      const chosen = () => /** @type {any} */ (Object.fromEntries(parts.map((name) => [name, model.get(name)])));
      /** @type {(state: State) => string} */
      const whole = (state) => JSON.stringify(parts.map((name) => state[name] ?? null));
      /** @type {Map<string, {drawn: (frames: Frames) => void, failed: (message: string) => void}>} */
      const waiting = new Map();
      const view = Math.random().toString(36).slice(2); // another view of this model hears the answers too
      let count = 0;
      let known = whole(chosen());
      /** @type {Host} */
      const host = {
        frames(state, drawn, failed) {
          const number = `${view} ${(count += 1)}`;
          waiting.set(number, { drawn, failed });
          const { pad_to_multiple_of: _, ...asked } = /** @type {any} */ (state);
          model.send({ number, state: asked });
        },
        changed(state) {
          known = whole(state);
          for (const name of parts) model.set(name, state[name] ?? null);
          model.save_changes();
        },
        looked({ step, show }) {
          model.set("step", step);
          model.set("show", show);
          model.save_changes();
        },
      };
      /** @type {(answer: {asked: string, frames: Frames, error?: string}) => void} */
      const answered = ({ asked, frames, error }) => {
        const own = waiting.get(asked);
        waiting.delete(asked);
        if (own) error || !frames ? own.failed(String(error)) : own.drawn(frames);
      };
      model.on("msg:custom", answered);
      readState(chosen(), constants); // a model that is none is an error, which Jupyter shows
      const looked = () => readView({ step: model.get("step"), show: model.get("show") });
      const explorer = mount(el, { state: chosen(), ...looked() }, host, constants);
      const follow = () => {
        if (whole(chosen()) === known) return; // it was this view that changed it
        const why = refusalOf(chosen(), constants);
        if (why) return explorer.tell(`The kernel's batch cannot be shown: ${why}.`);
        known = whole(chosen());
        explorer.show(chosen(), looked().step);
      };
      const turn = () => explorer.look(looked().step, looked().show);
      for (const name of parts) model.on(`change:${name}`, follow);
      model.on("change:step change:show", turn);
      return () => {
        model.off("msg:custom", answered);
        for (const name of parts) model.off(`change:${name}`, follow);
        model.off("change:step change:show", turn);
      };
    },
  };
}
