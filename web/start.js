/** What the middle of the page says before the first question: what to do next. Made by app. */

import { el, icon } from "./dom.js";
import { fileName } from "./answer.js";

/** Questions that the samples answer; each is offered while its document is there. */
const SUGGESTIONS = [
  { document: "employee-handbook.pdf", question: "How many days of annual leave do employees have?" },
  { document: "faq.html", question: "How long is the delivery time of the LS-900 microbalance?" },
  { document: "ls-300-user-manual.pdf", question: "How long must the LS-300 warm up before the first adjustment?" },
];

export class Start {
  constructor(ask, add) {
    this.ask = ask;
    this.add = add;
    this.words = el("p", {});
    this.next = el("div", { class: "suggestions" });
    this.node = el("div", { class: "start" }, el("h2", {}, "What would you like to know?"), this.words, this.next);
  }

  know(documents) {
    const ready = new Set(documents.filter(({ status }) => status === "indexed").map(({ name }) => fileName(name)));
    const questions = SUGGESTIONS.filter(({ document }) => ready.has(document)).map(({ question }) => question);
    const shown = JSON.stringify([documents.length > 0, questions]);
    if (this.node.dataset.shown === shown) return; // a button in it may have the focus
    this.node.dataset.shown = shown;
    this.words.textContent = wordsFor(documents.length, questions.length);
    this.next.replaceChildren(...(documents.length ? questions.map((question) => this.#suggestion(question)) : [this.#adding()]));
  }

  #suggestion(question) {
    return el("button", { class: "suggestion", onclick: () => this.ask(question) }, icon("chat"), question);
  }

  #adding() {
    return el("button", { class: "button primary", onclick: this.add }, icon("upload"), "Add your first document");
  }
}

function wordsFor(documents, questions) {
  if (documents === 0) return "There is nothing to search yet. Add a document, and ask about it a few seconds later.";
  if (questions === 0) return "Ask in your own words. Every answer names the document and the page it comes from.";
  return "Every answer names the document and the page it comes from. Ask in your own words, or begin with one of these:";
}
