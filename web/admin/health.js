/** Whether everything that questions and uploads need answers, and what waits to be read. Made by view. */

import { el, icon } from "../dom.js";
import { send } from "../problems.js";
import { counted, expected, lasting, whole } from "./words.js";
import { Section } from "./section.js";

const STATES = {
  ok: "Everything works: questions are answered, uploads are taken.",
  degraded: "Questions are answered. Uploads and sources have to wait for what fails below.",
  unavailable: "Questions cannot be answered until what fails below is mended.",
  draining: "This process is about to end; another one takes over.",
};
const NAMES = {
  services: "The services that the settings name",
  metadata: "Accounts, documents and conversations",
  search_index: "The search index",
  blobs: "The uploaded files",
  queue: "The queue of uploads",
};

export class Health extends Section {
  async look() {
    const [readiness, summary] = await Promise.all([ready(), this.get("/api/documents/summary")]);
    return { readiness, summary };
  }

  pause() {
    return 5000;
  }

  draw({ readiness, summary }) {
    const source = JSON.stringify([readiness, summary]);
    if (source === this.body.dataset.source) return;
    const hadFocus = this.body.querySelector(":focus") !== null;
    this.body.dataset.source = source;
    this.body.replaceChildren(...this.#readiness(readiness), ...this.#library(summary));
    if (hadFocus) this.body.querySelector("button")?.focus();
  }

  #readiness({ status, checks = {} }) {
    const rows = Object.entries(checks).map(([name, reason]) => {
      const isFine = reason === "ok";
      return el("li", { class: "admin-row" }, el("strong", {}, NAMES[name] ?? name), el("span", { class: `badge ${isFine ? "good" : "bad"}` }, isFine ? "Works" : "Fails"), !isFine && el("p", { class: "admin-wide" }, reason));
    });
    const look = { ok: "note", degraded: "note degraded" }[status] ?? "note error";
    return [el("p", { class: look }, el("span", {}, STATES[status] ?? status)), el("ul", { class: "admin-rows", "aria-label": "What is needed" }, ...rows)];
  }

  #library({ documents, parked, backlog, per_minute, expected_seconds, queue, fills }) {
    const waiting = backlog > 0 && (expected_seconds === null ? "Nothing was finished in the last five minutes." : `At ${whole(per_minute)} a minute all is read in ${lasting(expected_seconds)}, ${expected(expected_seconds)}.`);
    const retry = el("button", { class: "button", onclick: () => this.#retry(true) }, icon("retry"), "Try all parked again");
    const retryAll = el("button", { class: "button quiet", onclick: () => this.#retry(false) }, "Try what was rejected too");
    return [
      el("h3", {}, "Reading documents"),
      tiles([["Ready", whole(documents.indexed ?? 0)], ["Being read or waiting", whole(backlog)], ["Failed", whole(documents.failed ?? 0)], ["Of them parked", whole(parked)]]),
      waiting && el("p", {}, waiting),
      el("p", { class: "hint" }, queueInWords("Queue of uploads", queue), " ", queueInWords("Queue of index builds", fills)),
      documents.failed > 0 && el("p", {}, "Parked is what failed five times for a reason that may pass. What else failed was rejected: the file itself is why. Those that you may read are under ", el("a", { class: "link", href: "#documents" }, "Documents"), ", with the reason."),
      documents.failed > 0 && el("p", { class: "admin-actions" }, parked > 0 && retry, retryAll),
    ].filter(Boolean);
  }

  #retry(parkedOnly) {
    return this.change(async () => {
      const { retried } = await this.send("POST", "/api/documents/retry", { parked_only: parkedOnly });
      this.around.announce(`${counted(retried, "document")} will be read again.`);
    });
  }
}

/** @param {[name: string, value: string, hint?: string][]} values */
export function tiles(values) {
  return el("dl", { class: "tiles" }, ...values.map(([name, value, hint]) => el("div", { class: "tile" }, el("dt", {}, name), el("dd", {}, value), hint && el("dd", { class: "hint" }, hint))));
}

/** The probe answers 503 when something fails: that is no failure to look. */
async function ready() {
  return (await send("/api/health/ready", { headers: { Accept: "application/json" } })).json();
}

function queueInWords(name, queue) {
  if (!queue) return "";
  return queue.length ? `${name}: ${counted(queue.length, "event")}, the oldest for ${lasting(queue.oldest_seconds)}.` : `${name}: empty.`;
}
