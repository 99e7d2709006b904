// The end of the worker's text: it answers within Python, and no address is ever asked for.
// What Pyodide would fetch, the page has handed over. A classic script: from a double click,
// no browser starts a module worker.
"use strict";

/** Python's own name for `try_answer_as_json`, once it is there. */
let tryAnswer = null;
/** The same for `call` of `companion.answering.marking`, which the marking page alone asks for. */
let callPart = null;
let python = null;

/** Start Python with a compiled engine, its library and the companion's files. */
async function start({ engine, library, files, lock }) {
  self.fetch = async (address) => {
    const name = String(address).split("/").pop();
    const held = { "pyodide.asm.wasm": new Uint8Array(0), "python_stdlib.zip": library }[name];
    if (!held) throw new Error(`a page asks for nothing: ${name}`);
    return new Response(held);
  };
  // The page compiled the engine once, so that Python comes back soon when it was ended.
  WebAssembly.instantiateStreaming = async (_, imports) => (
    { module: engine, instance: await WebAssembly.instantiate(engine, imports) }
  );
  python = await self.loadPyodide({
    indexURL: "file:///python/",
    packageBaseUrl: "file:///python/",
    lockFileContents: lock,
    createPyodideModule: self.createPyodideModule,
    stdin: () => undefined, // input() ends at once
    stdout: () => {},
    stderr: () => {},
  });
  for (const [name, text] of Object.entries(files)) {
    const path = `/home/pyodide/${name}`;
    python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    python.FS.writeFile(path, text);
  }
  tryAnswer = python.runPython(
    "from companion.answering.trying import try_answer_as_json\ntry_answer_as_json",
  );
}

self.onmessage = async ({ data }) => {
  try {
    if (data.start) {
      await start(data.start);
      self.postMessage({ started: true });
    } else if (data.part) {
      callPart ??= python.runPython("from companion.answering.marking import call\ncall");
      self.postMessage({ told: callPart(data.part, data.given) });
    } else {
      const { source, name, imports, seconds } = data.answer;
      self.postMessage({ told: JSON.parse(tryAnswer(source, name, imports, seconds)) });
    }
  } catch (error) {
    self.postMessage({ broken: String(error) });
  }
};
