/**
 * One question and its answer on the page. Made by conversation, which tells it what the stream brings.
 *
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {import("./api.js").Citation} Citation
 * @typedef {{openSource: import("./answer.js").OpenSource, askAgain: () => void,
 *   rate: (answer: Answer, rating: "up" | "down") => Promise<void>, announce: (text: string) => void}} Actions
 */

import { AnswerText, sourceList } from "./answer.js";
import { el, iconButton, note } from "./dom.js";
import { inWords } from "./problems.js";

const DEGRADED = {
  smaller_model: "A smaller model wrote this answer",
  cached: "This is an earlier answer to the same question",
  extractive: "This answer quotes the documents word for word, without the language model",
};

export class Turn {
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
    if (answer.degraded) this.after.append(degradedNote(answer));
    if (answer.citations.length) this.after.append(sourceList(answer.citations, this.actions.openSource));
    else this.after.append(el("p", { class: "hint" }, answer.withheld ? "You may no longer read its sources." : "No source carries an answer. Try other words, or add a document that covers the question."));
    this.after.append(this.#feedback(answer));
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
    const rating = (value, label) => {
      const button = iconButton(value, label, () => this.#rate(answer, value, button), { "aria-pressed": "false" });
      return button;
    };
    const copy = iconButton("copy", "Copy the answer", () => this.#copy());
    const row = el("div", { class: "feedback" }, copy);
    if (answer.request_id) row.append(rating("up", "Good answer"), rating("down", "Poor answer"));
    return row;
  }

  async #rate(answer, value, button) {
    try {
      await this.actions.rate(answer, value);
    } catch (error) {
      return this.actions.announce(inWords(error));
    }
    for (const one of button.parentElement?.querySelectorAll("[aria-pressed]") ?? []) one.setAttribute("aria-pressed", String(one === button));
    this.actions.announce("Thank you for the feedback.");
  }

  async #copy() {
    await navigator.clipboard.writeText(this.answer.text);
    this.actions.announce("Copied.");
  }
}

function degradedNote(answer) {
  const reason = answer.degraded_reason ? `: ${answer.degraded_reason}` : "";
  const words = `${DEGRADED[answer.degraded ?? ""] ?? "This answer was made in a reduced way"}${reason}`;
  return el("p", { class: "note degraded" }, el("span", {}, /[.!?]$/.test(words) ? words : `${words}.`));
}
