/**
 * A page of a PDF: a picture of it with its text over it, so that passages can be marked, selected and read out.
 * Used by views, which loads it with the first PDF.
 *
 * PDF.js draws it, in a worker of our own host. It runs no script of a PDF and follows none of its links.
 */

import { el } from "../dom.js";
import { Problem, unreachable } from "../problems.js";
import { getDocument, GlobalWorkerOptions, PDFDataRangeTransport, TextLayer } from "../vendor/pdfjs/pdf.min.js";

const VENDOR = new URL("../vendor/pdfjs/", import.meta.url).href;
const WHOLE = 4 << 20; // bytes; a larger file is fetched in parts, as they are needed
const PART = 256 << 10;
const MOST_PIXELS = 16 << 20; // of the picture; phones refuse larger ones
const WORDS = {
  PasswordException: "This PDF opens with a password only. Download it to read it.",
  default: "This PDF cannot be shown here. Download it to read it.",
};
// The one script whose address is no literal for the browser.
const worker = window.trustedTypes?.createPolicy("pdf-worker", { createScriptURL: () => `${VENDOR}pdf.worker.min.js` });

/** @param {import("./views.js").Given} given @returns {Promise<import("./views.js").View>} */
export async function pdfView(given) {
  const { size } = await given.document();
  const file = size <= WHOLE ? new Blob([await given.content()], { type: "application/pdf" }) : undefined;
  const parts = file ? null : new Parts(size, given.range);
  const source = file ? { data: new Uint8Array(await file.arrayBuffer()) } : { range: parts, disableStream: true, disableAutoFetch: true, rangeChunkSize: PART };
  try {
    const opened = await started(source, parts);
    const page = new PdfPage(opened, given.cited, parts);
    return { node: page.node, file, canOpen: true, pages: opened.numPages, show: (n) => page.show(n), zoom: (factor) => page.zoom(factor), close: () => page.close() };
  } catch (error) {
    if (error instanceof Problem) throw error;
    return { node: el("p", { class: "hint" }, WORDS[error.name] ?? WORDS.default), file, canOpen: false };
  }
}

/** @returns {Promise<object>} PDF.js's document */
function started(source, parts) {
  GlobalWorkerOptions.workerPort ??= new Worker(worker?.createScriptURL("") ?? `${VENDOR}pdf.worker.min.js`, { type: "module" });
  const port = GlobalWorkerOptions.workerPort;
  const task = getDocument({
    ...source,
    verbosity: 0,
    cMapUrl: `${VENDOR}cmaps/`,
    standardFontDataUrl: `${VENDOR}standard_fonts/`,
    wasmUrl: VENDOR, // of what stands in for it: no WebAssembly, so that the policy need not allow any
    useWasm: false,
  });
  const unloaded = new Promise((_, reject) => {
    port.onerror = () => {
      GlobalWorkerOptions.workerPort = null;
      reject(unreachable());
    };
  });
  return Promise.race([task.promise, unloaded, ...(parts ? [parts.failed] : [])]);
}

/** The file in parts, with the session's token; PDF.js waits for ever for one that fails, so who waits asks `failed`. */
class Parts extends PDFDataRangeTransport {
  constructor(size, range) {
    super(size, null);
    this.range = range;
    this.failed = new Promise((_, reject) => (this.fail = reject));
    this.failed.catch(() => {}); // nobody may be waiting
  }

  async requestDataRange(begin, end) {
    try {
      this.onDataRange(begin, new Uint8Array(await this.range(begin, end)));
    } catch (error) {
      this.fail(error);
    }
  }
}

class PdfPage {
  #page = null;
  #task = null;
  #zoom = 1;
  #width = 0;

  constructor(opened, cited, parts) {
    this.opened = opened;
    this.cited = cited;
    this.failed = parts?.failed;
    this.sheet = el("div", { class: "pdf-sheet" });
    this.node = el("div", { class: "pdf", tabindex: 0, role: "group" }, this.sheet);
    this.resized = new ResizeObserver(() => this.node.clientWidth !== this.#width && this.#page && this.#draw());
    this.resized.observe(this.node);
  }

  async show(number) {
    this.#page = await this.#waited(this.opened.getPage(number));
    this.node.setAttribute("aria-label", `${this.cited.document}, page ${number} of ${this.opened.numPages}`);
    this.node.scrollTop = 0;
    this.text = el("div", { class: "pdf-text" });
    this.sheet.replaceChildren(this.text);
    const layer = new TextLayer({ textContentSource: this.#page.streamTextContent(), container: this.text, viewport: this.#viewport() });
    await this.#waited(Promise.all([this.#draw(), layer.render()]));
  }

  zoom(factor) {
    this.#zoom = Math.min(4, Math.max(1, this.#zoom * factor));
    return this.#draw();
  }

  close() {
    this.resized.disconnect();
    this.#task?.cancel();
    this.opened.loadingTask.destroy();
  }

  #waited(promise) {
    return this.failed ? Promise.race([promise, this.failed]) : promise;
  }

  /** As wide as the panel, times the zoom. */
  #viewport() {
    this.#width = this.node.clientWidth;
    const scale = ((this.#width || 600) / this.#page.getViewport({ scale: 1 }).width) * this.#zoom;
    return this.#page.getViewport({ scale });
  }

  async #draw() {
    const viewport = this.#viewport();
    const ratio = Math.min(window.devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (viewport.width * viewport.height)));
    const canvas = el("canvas", { "aria-hidden": "true", width: Math.floor(viewport.width * ratio), height: Math.floor(viewport.height * ratio) });
    this.sheet.style.setProperty("--total-scale-factor", String(viewport.scale));
    this.sheet.style.width = `${viewport.width}px`;
    this.sheet.style.height = `${viewport.height}px`;
    this.#task?.cancel();
    const task = (this.#task = this.#page.render({ canvas, viewport, transform: [ratio, 0, 0, ratio, 0, 0] }));
    try {
      await task.promise;
    } catch (error) {
      if (error.name === "RenderingCancelledException") return;
      throw error;
    }
    if (task !== this.#task) return;
    this.sheet.querySelector("canvas")?.remove();
    this.sheet.prepend(canvas);
  }
}
