/** The middle of the page: the turns, the question box and the answer that streams. Made by app. */

import { plain } from "./answer.js";
import { el, icon } from "./dom.js";
import { Problem, inWords, isAbort, problemFrom } from "./problems.js";
import { Turn } from "./turn.js";

const KEY = "rag.conversation"; // so that a reload shows the conversation that was open

export class Conversation {
  id = null;
  /** Set while an answer streams. */
  #running = null;
  /** Whether the next frame brings the end into view. */
  #isFollowing = false;

  /** @param {HTMLElement} empty what to show before the first question @param {import("./types.d.ts").AroundConversation} around */
  constructor(root, api, empty, around) {
    this.api = api;
    this.around = around;
    this.empty = empty;
    this.turns = el("div", { class: "turns", tabindex: 0, role: "region", "aria-label": "Conversation" }, empty);
    this.box = el("textarea", { id: "question", rows: 1, dir: "auto", maxlength: 4000, placeholder: "Ask about your documents", "aria-describedby": "question-keys" });
    this.button = el("button", { class: "send", type: "submit" });
    const label = el("label", { class: "unseen", for: "question" }, "Your question");
    const keys = el("p", { id: "question-keys", class: "keys" }, "Enter sends, Shift and Enter starts a new line.");
    this.foot = el("div", { class: "ask-foot" }, keys);
    const form = el("form", { class: "ask" }, label, el("div", { class: "ask-box" }, this.box, this.button), this.foot);
    this.#listen(form);
    this.#idle(true);
    root.replaceChildren(this.turns, form);
  }

  #listen(form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#running) this.#running.abort();
      else this.ask(this.box.value);
    });
    this.box.addEventListener("input", () => this.#grow());
    this.box.addEventListener("keydown", (event) => {
      // While an input method composes a character, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!this.#running) form.requestSubmit();
    });
  }

  async ask(text) {
    const question = text.trim();
    if (!question || this.#running) return;
    this.box.value = "";
    this.#grow();
    const turn = this.#add(question);
    this.turns.scrollTop = this.turns.scrollHeight;
    const running = (this.#running = new AbortController());
    this.#idle(false);
    this.around.announce("Searching the documents.");
    try {
      await this.#stream(turn, running.signal);
    } catch (error) {
      if (this.#running !== running) return; // another conversation was opened meanwhile
      if (isAbort(error)) turn.stopped();
      else turn.fail(error);
      this.around.announce(isAbort(error) ? "Stopped." : inWords(error));
    }
    if (this.#running === running) this.#done();
  }

  async #stream(turn, signal) {
    for await (const { event, data } of this.api.ask(turn.question, this.id, this.model?.id ?? null, signal)) {
      signal.throwIfAborted();
      if (event === "context") {
        turn.found(data.passages);
      } else if (event === "delta") {
        this.#follow(() => turn.append(data.text));
      } else if (event === "error") {
        throw problemFrom(data);
      } else if (event === "done") {
        this.#remember(data.conversation_id); // not before: the server keeps only what was answered
        this.#follow(() => turn.finish(data));
        const sources = data.citations.length === 1 ? "1 source" : `${data.citations.length} sources`;
        this.around.announce(`Answer: ${plain(data.answer.replace(/\[\d+\]/g, ""))} ${sources}.`);
        return;
      }
    }
    throw new Problem("The answer broke off before it was complete.");
  }

  /** Show an earlier conversation. @param {string} id */
  async open(id) {
    const { turns = [] } = await this.api.conversation(id);
    this.reset();
    this.#remember(id);
    for (const { question, ...answer } of turns) {
      this.#add(question).finish({ conversation_id: id, degraded: null, degraded_reason: null, ...answer });
    }
    this.turns.scrollTop = this.turns.scrollHeight;
  }

  /** Open what was open before a reload; one that is gone is no loss. */
  async restore() {
    this.#offerModels();
    const id = sessionStorage.getItem(KEY);
    if (!id) return;
    try {
      await this.open(id);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#remember(null);
    }
  }

  /** Where there is more than one model to ask. */
  async #offerModels() {
    try {
      const models = await this.api.models();
      if (models.length < 2) return;
      const { ModelChoice } = await import("./model_choice.js");
      this.model?.node.remove();
      this.model = new ModelChoice(models);
      this.foot.prepend(this.model.node);
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // the host's model answers
    }
  }

  /** Begin a new conversation. */
  reset() {
    const running = this.#running;
    this.#running = null;
    running?.abort();
    this.#remember(null);
    this.#idle(true);
    this.turns.replaceChildren(this.empty);
  }

  #remember(id) {
    this.id = id;
    if (id === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, id);
  }

  #done() {
    this.#running = null;
    this.#idle(true);
    this.around.changed(this.id);
  }

  #add(question) {
    if (this.empty.contains(document.activeElement)) this.turns.focus();
    this.empty.remove();
    const turn = new Turn(question, {
      openSource: this.around.openSource,
      announce: this.around.announce,
      ask: (again) => this.ask(again),
      askAgain: () => this.#askAgain(turn),
      rate: (answer, rating, comment) => this.api.rate(answer.conversation_id, answer.request_id, rating, comment),
    });
    this.turns.append(turn.node);
    return turn;
  }

  /** The new try takes the place of the old one. @param {Turn} turn */
  #askAgain(turn) {
    if (this.#running) return;
    turn.node.remove();
    this.box.focus();
    this.ask(turn.question);
  }

  /** Keep the end in view, unless the reader has scrolled away from it. @param {() => void} change */
  #follow(change) {
    const view = this.turns;
    const isAtEnd = this.#isFollowing || view.scrollHeight - view.scrollTop - view.clientHeight < 80;
    change();
    if (!isAtEnd || this.#isFollowing) return;
    this.#isFollowing = true;
    requestAnimationFrame(() => {
      this.#isFollowing = false;
      view.scrollTop = view.scrollHeight;
    });
  }

  #idle(isIdle) {
    this.button.replaceChildren(icon(isIdle ? "send" : "stop"));
    this.button.setAttribute("aria-label", isIdle ? "Send the question" : "Stop the answer");
    this.button.title = isIdle ? "Send" : "Stop";
    this.button.classList.toggle("is-stop", !isIdle);
  }

  #grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight}px`;
  }
}
