/** One question and its answer on the page. Made by conversation, which tells it what the stream brings. */

import { AnswerText, sourceList, whereOf } from "./answer.js";
import { el, icon, iconButton, note } from "./dom.js";
import { inWords } from "./problems.js";

export class Turn {
  /** @param {string} question @param {import("./types.d.ts").TurnActions} actions */
  constructor(question, actions) {
    this.question = question;
    this.actions = actions;
    this.answer = new AnswerText(actions.openSource);
    this.progress = el("p", { class: "thinking" }, el("span", { class: "dots", "aria-hidden": "true" }), "Searching the documents…");
    this.after = el("div", { class: "after" });
    this.body = el("div", { class: "answer", "aria-busy": "true" }, this.progress, this.answer.node, this.after);
    this.node = el("article", { class: "turn" }, el("h2", { class: "question", dir: "auto" }, question), this.body);
  }

  found(passages) {
    this.answer.cite(passages);
    this.progress.lastChild.data = "Writing the answer…";
  }

  append(text) {
    this.progress.remove();
    this.answer.append(text);
  }

  finish(answer) {
    this.#end();
    this.answer.set(answer.answer);
    this.answer.cite(answer.citations);
    if (answer.degraded) import("./turn/degraded.js").then(({ degradedNote }) => this.after.prepend(degradedNote(answer)));
    this.after.append(...this.#sources(answer));
    const follow = (question) => el("button", { class: "button follow-up", onclick: () => this.actions.ask(question) }, icon("chat"), el("span", { dir: "auto" }, question));
    if (answer.follow_ups?.length) this.after.append(el("div", { class: "follow-ups", role: "group", "aria-label": "Questions that may come next" }, ...answer.follow_ups.map(follow)));
    this.after.append(this.#feedback(answer));
  }

  /** Those of the answer; without one, what came nearest to it. */
  #sources({ citations, nearest = [], withheld }) {
    const { openSource } = this.actions;
    if (citations.length) return [sourceList(citations, openSource)];
    const words = withheld ? "You may no longer read its sources." : "No source carries an answer. Try other words, or add a document that covers the question.";
    const hint = el("p", { class: "hint" }, words);
    return nearest.length ? [hint, sourceList(nearest, openSource, "Nearest passages")] : [hint];
  }

  stopped() {
    this.#end();
    this.after.append(note("Stopped.", this.actions.askAgain, "Ask again", "note"));
  }

  fail(error) {
    this.#end();
    this.after.append(note(inWords(error), this.actions.askAgain));
  }

  #end() {
    this.progress.remove();
    this.body.setAttribute("aria-busy", "false");
  }

  #feedback(answer) {
    const { actions, question } = this;
    const rating = (value, label) => {
      const rate = async () => (await import("./turn/rating.js")).rate(button, actions, answer, value);
      const button = iconButton(value, label, rate, { "aria-pressed": "false" });
      return button;
    };
    const copy = iconButton("copy", "Copy the answer", () => this.#copy(answer));
    const row = el("div", { class: "feedback" }, copy, iconButton("retry", "Ask again", () => actions.ask(question)));
    if (answer.request_id) row.append(rating("up", "Good answer"), rating("down", "Poor answer"));
    if (answer.model) row.append(el("span", { class: "hint model" }, writer(answer)));
    return row;
  }

  async #copy({ citations }) {
    const sources = citations.map((citation) => `[${citation.marker}] ${whereOf(citation)}`);
    await navigator.clipboard.writeText([this.answer.text, ...(sources.length ? ["", ...sources] : [])].join("\n"));
    this.actions.announce("Copied.");
  }
}

function writer({ model, cached }) {
  const who = model === "extractive" ? "Quotations only" : `Answered by ${model}`;
  return cached ? `${who} (answered before)` : who;
}
