/**
 * Sends files and shows how far they are. Made by documents.
 *
 * XMLHttpRequest, because fetch does not tell the progress of an upload.
 *
 * @typedef {{id: string, name: string, status: string}} Accepted
 */

import { encodedName } from "./api.js";
import { el, iconButton } from "./dom.js";
import { atApi, Problem, inWords, isAbort, problemFrom, unreachable } from "./problems.js";

const AT_ONCE = 3;
const DIRECT = 64 * 1024 * 1024; // bytes from which a file goes straight to the storage: hosts limit bodies to 100 MB

export class Uploads {
  #running = 0;
  /** @type {(() => Promise<void>)[]} */
  #waiting = [];

  constructor(list, api, accepted) {
    this.list = list;
    this.api = api;
    this.accepted = accepted;
  }

  add(files) {
    for (const file of files) this.#enqueue(file, this.#row(file));
  }

  /** Stop everything and forget it, at sign out. */
  clear() {
    this.#waiting = [];
    for (const button of this.list.querySelectorAll("button")) button.click();
    this.list.replaceChildren();
  }

  #enqueue(file, row) {
    this.#waiting.push(() => this.#send(file, row));
    this.#next();
  }

  #next() {
    if (this.#running >= AT_ONCE) return;
    const send = this.#waiting.shift();
    if (!send) return;
    this.#running += 1;
    send().finally(() => {
      this.#running -= 1;
      this.#next();
    });
  }

  async #send(file, row) {
    if (row.abort.signal.aborted) return;
    try {
      const accepted = file.size > DIRECT ? await this.#direct(file, row) : await this.#put(file, row);
      row.node.remove();
      this.accepted(accepted);
    } catch (error) {
      if (isAbort(error)) return row.node.remove();
      row.fail(inWords(error), () => this.#enqueue(file, row));
    }
  }

  async #put(file, row) {
    const attempt = async () => {
      const headers = { Authorization: `Bearer ${await this.api.session.token()}` };
      return put("PUT", `/api/documents/${encodedName(file.name.normalize())}`, headers, file, row);
    };
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      await this.api.session.refresh();
      return attempt();
    }
  }

  async #direct(file, row) {
    const ticket = await this.api.uploadTicket(file.name.normalize(), file.size);
    const headers = { ...ticket.headers };
    if (ticket.needs_token) headers.Authorization = `Bearer ${await this.api.session.token()}`;
    return put(ticket.method, ticket.url, headers, file, row);
  }

  #row(file) {
    const abort = new AbortController();
    const bar = el("progress", { max: 1, value: 0, "aria-label": `Upload of ${file.name}` });
    const words = el("span", { class: "upload-words" }, "Waiting");
    const retry = iconButton("retry", `Try ${file.name} again`, () => {}, { hidden: true });
    const cancel = iconButton("close", `Cancel the upload of ${file.name}`, () => {
      abort.abort();
      node.remove();
    });
    const node = el("li", { class: "upload" }, el("bdi", { class: "upload-name" }, file.name), words, retry, cancel, bar);
    const progress = (part) => {
      node.classList.remove("failed");
      retry.hidden = true;
      bar.value = part;
      words.textContent = part < 1 ? `${Math.floor(part * 100)} %` : "Almost done";
    };
    const fail = (reason, again) => {
      node.classList.add("failed");
      words.textContent = reason;
      retry.hidden = false;
      retry.onclick = again;
    };
    this.list.append(node);
    return { node, abort, progress, fail };
  }
}

/**
 * @param {string} method @param {string} url @param {Record<string, string>} headers @param {File} file
 * @param {{abort: AbortController, progress: (part: number) => void}} row
 * @returns {Promise<Accepted | null>} null where the storage answers, which knows no documents
 */
function put(method, url, headers, file, { abort, progress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, atApi(url));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (!("Content-Type" in headers)) request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.loaded / Math.max(event.total, 1));
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.onload = () => (request.status < 300 ? resolve(acceptedIn(request)) : reject(problemIn(request)));
    abort.signal.addEventListener("abort", () => request.abort());
    progress(0);
    request.send(file);
  });
}

/** @param {XMLHttpRequest} request @returns {Accepted | null} */
function acceptedIn(request) {
  return isJson(request) ? JSON.parse(request.responseText) : null;
}

function problemIn(request) {
  const body = isJson(request) ? JSON.parse(request.responseText) : {};
  return problemFrom({ ...body, status: request.status });
}

function isJson(request) {
  return /json/.test(request.getResponseHeader("Content-Type") ?? "");
}
