/** What the middle of the page says before the first question: what to do next. Made by app. */

import { fileName } from "./answer.js";
import { el, icon } from "./dom.js";
import { SUGGESTIONS } from "./suggestions.js";

const SHOWN = 4;
const ENDED = new Set(["indexed", "failed"]);

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
    const ended = documents.filter(({ status }) => ENDED.has(status)).length;
    const offered = varied(SUGGESTIONS.filter(({ document }) => ready.has(document)));
    this.words.textContent = wordsFor(documents.length, ended, offered.length);
    const shown = JSON.stringify([documents.length > 0, offered]);
    if (this.node.dataset.shown === shown) return; // a button in it may have the focus
    this.node.dataset.shown = shown;
    this.next.replaceChildren(...(documents.length ? offered.map(({ question }) => this.#suggestion(question)) : [this.#adding()]));
  }

  #suggestion(question) {
    return el("button", { class: "suggestion", onclick: () => this.ask(question) }, icon("chat"), el("span", { dir: "auto" }, question));
  }

  #adding() {
    return el("button", { class: "button primary", onclick: this.add }, icon("upload"), "Add your first document");
  }
}

/** The reader's languages first, and each time a kind of file that is not among them yet. */
function varied(suggestions) {
  const speaks = ({ language = "en" }) => navigator.languages.some((one) => one.split("-")[0] === language);
  const rest = [...suggestions].sort((a, b) => Number(speaks(b)) - Number(speaks(a)));
  const kinds = new Set();
  const kindOf = ({ document }) => document.slice(document.lastIndexOf("."));
  const chosen = [];
  while (rest.length && chosen.length < SHOWN) {
    const isNew = rest.findIndex((one) => !kinds.has(kindOf(one)));
    const [one] = rest.splice(Math.max(isNew, 0), 1);
    kinds.add(kindOf(one));
    chosen.push(one);
  }
  return chosen;
}

function wordsFor(documents, ended, questions) {
  if (documents === 0) return "There is nothing to search yet. Add a document, and ask about it a few seconds later.";
  const reading = ended < documents ? `Reading the documents: ${ended} of ${documents} are ready. ` : "";
  const promise = `${reading}Every answer names the document and the page it comes from.`;
  return `${promise} Ask in your own words${questions ? ", or begin with one of these:" : "."}`;
}
