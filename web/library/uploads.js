/**
 * Sends files, a few at once, and shows how far they are: each that is being sent or has failed, and all together.
 * Loaded by actions on the first upload.
 *
 * @typedef {{accepted: (document: import("./sending.js").Accepted | null) => void,
 *   announce: (text: string) => void}} Around
 */

import { el, iconButton } from "../dom.js";
import { inWords, isAbort } from "../problems.js";
import { filesIn } from "./folders.js";
import { sent } from "./sending.js";

const AT_ONCE = 3;
const FAILED_ROWS = 20; // of those that fail; the others are counted

class Upload {
  abort = new AbortController();
  progress = 0; // of 1

  constructor(file, name, around) {
    this.file = file;
    this.name = name;
    this.around = around;
    this.bar = el("progress", { max: 1, value: 0, "aria-label": `Upload of ${name}` });
    this.words = el("span", { class: "upload-words" });
    this.retry = iconButton("retry", `Try ${name} again`, () => around.again(this));
    const cancel = iconButton("close", `Cancel the upload of ${name}`, () => around.cancel(this));
    this.node = el("li", { class: "upload" }, el("bdi", { class: "upload-name", title: name }, name), this.words, this.retry, cancel, this.bar);
  }

  at(progress) {
    this.progress = progress;
    this.bar.value = progress;
    this.words.textContent = progress < 1 ? `${Math.floor(progress * 100)} %` : "Almost done";
    this.around.progress();
  }

  /** @param {string | null} reason */
  mark(reason) {
    this.node.classList.toggle("failed", reason !== null);
    this.retry.hidden = reason === null;
    this.words.textContent = reason ?? "";
  }
}

export class Uploads {
  /** @type {Upload[]} */
  #waiting = [];
  /** @type {Set<Upload>} */
  #running = new Set();
  /** @type {Set<Upload>} */
  #failed = new Set();
  #finished = { files: 0, bytes: 0 };
  #frame = 0;

  /** @param {HTMLElement} root @param {Around} around */
  constructor(root, api, around) {
    this.api = api;
    this.around = around;
    this.words = el("p", { class: "uploads-words" });
    this.bar = el("progress", { max: 1, value: 0, "aria-label": "All uploads" });
    this.cancelAll = el("button", { class: "button small", onclick: () => this.clear() }, "Cancel all");
    this.retryAll = el("button", { class: "button small", onclick: () => this.#again([...this.#failed]) }, "Try all again");
    this.dismiss = el("button", { class: "button small", onclick: () => this.clear() }, "Dismiss all");
    this.total = el("div", { class: "uploads-total", hidden: true }, this.words, this.retryAll, this.dismiss, this.cancelAll, this.bar);
    this.list = el("ul", { class: "uploads", "aria-label": "Uploads" });
    root.replaceChildren(this.total, this.list);
    addEventListener("beforeunload", (event) => this.#running.size && event.preventDefault());
  }

  /** @param {(File | FileSystemEntry)[]} items @param {string} into a folder, with its slash */
  async add(items, into) {
    const { files, hidden } = await filesIn(items);
    const around = { again: (one) => this.#again([one]), cancel: (one) => this.#cancel(one), progress: () => this.#tell() };
    for (const { file, name } of files) this.#waiting.push(new Upload(file, into + name, around));
    const left = hidden ? ` Left out, as they are hidden: ${hidden}.` : "";
    if (files.length !== 1 || left) this.around.announce(`Uploading ${files.length} files.${left}`);
    this.#next();
  }

  /** Stop everything and forget it. */
  clear() {
    this.#waiting = [];
    for (const upload of [...this.#running, ...this.#failed]) this.#cancel(upload);
  }

  #next() {
    while (this.#running.size < AT_ONCE && this.#waiting.length) this.#send(this.#waiting.shift());
    if (!this.#running.size) this.#end();
    this.#tell();
  }

  async #send(upload) {
    this.#running.add(upload);
    this.list.prepend(upload.node);
    upload.mark(null);
    try {
      const accepted = await sent(upload, this.api);
      this.#finished.files += 1;
      this.#finished.bytes += upload.file.size;
      upload.node.remove();
      this.around.accepted(accepted);
    } catch (error) {
      upload.node.remove();
      if (!isAbort(error)) this.#fail(upload, inWords(error));
    }
    this.#running.delete(upload);
    this.#next();
  }

  #fail(upload, reason) {
    this.#failed.add(upload);
    upload.mark(reason);
    upload.progress = 0;
    if (this.list.querySelectorAll(".failed").length < FAILED_ROWS) this.list.append(upload.node);
    this.around.announce(`${upload.name} was not uploaded: ${reason}`);
  }

  #again(uploads) {
    for (const upload of uploads) {
      this.#failed.delete(upload);
      upload.node.remove();
    }
    this.#waiting.push(...uploads);
    this.#next();
  }

  #cancel(upload) {
    this.#failed.delete(upload);
    upload.abort.abort();
    upload.node.remove();
    this.#tell();
  }

  /** Everything was sent, or has failed. */
  #end() {
    const { files } = this.#finished;
    if (files > 1) this.around.announce(`${files} files are uploaded.${this.#failed.size ? ` Failed: ${this.#failed.size}.` : ""}`);
    this.#finished = { files: 0, bytes: 0 };
  }

  /** Once a frame, however often something moves. */
  #tell() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const going = [...this.#running, ...this.#waiting];
    const { files, bytes } = this.#finished;
    const isGoing = going.length > 0;
    this.total.hidden = isGoing ? files + going.length < 2 : this.#failed.size < 2;
    for (const part of [this.bar, this.cancelAll]) part.hidden = !isGoing;
    this.dismiss.hidden = isGoing;
    this.retryAll.hidden = !this.#failed.size;
    const failed = this.#failed.size ? `${this.#failed.size} failed` : "";
    const uploading = isGoing ? `Uploading ${files + 1} of ${files + going.length}` : "";
    this.words.textContent = [uploading, failed].filter(Boolean).join(" · ");
    const sum = (of) => going.reduce((total, upload) => total + of(upload), bytes);
    this.bar.value = sum(({ file, progress }) => file.size * progress) / Math.max(sum(({ file }) => file.size), 1);
  }
}
