// Python in the page, from the page's side: load it once, start it, ask it, end it.
//
// Nothing is loaded before the first question. The script that holds the engine sets
// `globalThis.pagePython`: the worker's text, the engine and its library, packed; the
// companion's files; and what the engine would look up elsewhere.

/** @typedef {{right: boolean, sentence: string, printed: string, spoiled: boolean}} Told */
/** @typedef {{source: string, name: string, imports: string}} Answer */

const SECONDS = 5; // after which an answer that goes on is stopped, and says at which line
const PATIENCE = 4; // seconds more, after which Python is ended as a whole

/**
 * Unpack what was packed with gzip and written in base64.
 * @param {string} text
 */
async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Load a classic script; by double click, a page can have no other.
 * @param {string} address
 * @returns {Promise<void>}
 */
function load(address) {
  return new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => done();
    script.onerror = () => fail(new Error("the page's Python is not beside this page"));
    document.head.append(script);
  });
}

/**
 * Give a Python that answers one question after the other.
 * @param {string} address where the engine's script is
 */
export function makePython(address) {
  /** @type {Promise<any> | null} */
  let parts = null;
  /** @type {Worker | null} */
  let worker = null;
  /** @type {Promise<unknown>} the last question's end, for which the next one waits */
  let last = Promise.resolve();

  async function takeParts() {
    await load(address);
    const { worker: text, engine, library, ...rest } = /** @type {any} */ (globalThis).pagePython;
    delete (/** @type {any} */ (globalThis).pagePython); // megabytes of text
    const [code, compiled, unpacked] = await Promise.all([
      unpack(text),
      unpack(engine).then((bytes) => WebAssembly.compile(bytes)),
      unpack(library),
    ]);
    const blob = new Blob([code], { type: "text/javascript" });
    return { url: URL.createObjectURL(blob), engine: compiled, library: unpacked, ...rest };
  }

  /**
   * Say something to a worker and give what it says next; null where it is silent too long.
   * @param {Worker} to
   * @param {object} message
   * @param {number} seconds
   * @returns {Promise<any>}
   */
  function converse(to, message, seconds) {
    return new Promise((done) => {
      const timer = setTimeout(() => done(null), seconds * 1000);
      const answer = (/** @type {any} */ data) => {
        clearTimeout(timer);
        done(data);
      };
      to.onmessage = ({ data }) => answer(data);
      to.onerror = (event) => answer({ broken: event.message || "it could not be started" });
      to.postMessage(message);
    });
  }

  function end() {
    worker?.terminate();
    worker = null;
  }

  async function start() {
    if (worker) return;
    parts ??= takeParts();
    try {
      const { url, ...rest } = await parts;
      worker = new Worker(url);
      const said = await converse(worker, { start: rest }, 60);
      if (!said?.started) throw new Error(said?.broken ?? "it did not answer");
    } catch (error) {
      parts = null; // so that the next question tries anew
      end();
      throw error;
    }
  }

  /**
   * @param {Answer} answer
   * @returns {Promise<Told>}
   */
  async function tryOne(answer) {
    const failed = (/** @type {string} */ sentence) => (
      { right: false, sentence, printed: "", spoiled: true }
    );
    try {
      await start();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return failed(`Python could not start in this page: ${reason}.`);
    }
    const message = { answer: { ...answer, seconds: SECONDS } };
    const said = await converse(/** @type {Worker} */ (worker), message, SECONDS + PATIENCE);
    /** @type {Told} */
    let told;
    if (!said) {
      told = failed(`${answer.name}: stopped after ${SECONDS + PATIENCE} seconds. Does something never end?`);
    } else if (said.broken) {
      told = failed(
        `${answer.name}: Python itself broke off, as a list or a call without end can make it. `
        + "It starts anew with your next answer.",
      );
    } else {
      told = said.told;
    }
    // An answer that changed what others rely on must not judge the next one.
    if (told.spoiled) end();
    return told;
  }

  return {
    /**
     * Call a part of the marking in this Python; what goes in and what comes out is JSON.
     * Throws where it is silent for longer than `seconds`, or broke off; then Python is ended.
     * @param {string} part
     * @param {string} given
     * @param {number} seconds
     * @returns {Promise<string>}
     */
    async call(part, given, seconds) {
      await start();
      const said = await converse(/** @type {Worker} */ (worker), { part, given }, seconds);
      if (typeof said?.told === "string") return said.told;
      end();
      throw new Error(said ? "Python broke off" : "it did not end");
    },
    /**
     * Try an answer, after all that were asked before.
     * @param {Answer} answer
     * @returns {Promise<Told>}
     */
    tryAnswer(answer) {
      const mine = last.then(() => tryOne(answer));
      last = mine;
      return mine;
    },
    end,
  };
}
