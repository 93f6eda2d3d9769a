/** The page's composition: makes every part once and tells each what the others did. */

import { Api } from "./api.js";
import { Conversation } from "./conversation.js";
import { Cover } from "./cover.js";
import { Documents } from "./documents.js";
import { byId, el, iconButton } from "./dom.js";
import { History } from "./history.js";
import { atApi, inWords } from "./problems.js";
import { Session } from "./session.js";
import { SignIn } from "./sign_in.js";
import { SourcePanel } from "./source.js";
import { Start } from "./start.js";
import { Views } from "./views.js";

class App {
  constructor() {
    this.session = new Session();
    this.api = new Api(this.session);
    this.signIn = new SignIn(byId("welcome"), this.session, (isNew) => this.#enter(isNew));
    this.start = new Start((question) => this.conversation.ask(question), () => this.documents.choose());
    this.#library();
    this.#chat();
    this.sourceCover = new Cover([byId("chat"), byId("library"), document.querySelector(".bar")], "(max-width: 68rem)");
    this.libraryCover = new Cover([byId("chat"), byId("source")], "(max-width: 48rem)");
    this.source = new SourcePanel(byId("source"), this.api, (isOpen) => {
      byId("workspace").classList.toggle("has-source", isOpen);
      this.sourceCover.set(isOpen);
    });
    this.views = new Views(this.api, {
      announce,
      shows: (name) => this.#shows(name),
      openDocument: (id, page) => this.#openDocument(id, page),
    });
    for (const link of document.querySelectorAll(".api-docs")) link.href = atApi("/api/docs");
    byId("sign-out").addEventListener("click", () => this.#signOut());
    byId("library-toggle").addEventListener("click", () => this.#showLibrary(!this.libraryCover.isOpen));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#escape());
    this.session.addEventListener("ended", () => this.#leave("Your session has ended. Sign in again."));
  }

  async run() {
    try {
      const isSignedIn = await this.session.restore().finally(() => byId("starting").remove());
      if (isSignedIn) await this.#enter(false);
      else this.signIn.show();
    } catch (error) {
      this.signIn.show(inWords(error));
    }
  }

  #library() {
    const documents = el("section", { "aria-labelledby": "documents-heading" });
    const history = el("section", { "aria-labelledby": "conversations-heading" });
    byId("library").replaceChildren(documents, history);
    this.documents = new Documents(documents, this.api, {
      open: (one, opener) => this.#openSource({ document_id: one.id, document: one.name, page: 1, page_kind: one.page_kind, snippet: "" }, opener),
      announce,
      removed: (id) => this.source.forget(id),
      changed: (list) => this.start.know(list),
      widened: () => this.#showLibrary(false),
    });
    this.history = new History(history, this.api, {
      open: async (id) => {
        await this.conversation.open(id);
        this.#showLibrary(false);
      },
      begin: () => {
        this.conversation.reset();
        this.#showLibrary(false);
        this.conversation.box.focus();
      },
      current: () => this.conversation.id,
      announce,
    });
  }

  #chat() {
    this.notice = el("div", { class: "notice", role: "status" });
    const main = el("div", { class: "chat-column" });
    byId("chat").replaceChildren(this.notice, main);
    this.conversation = new Conversation(main, this.api, this.start.node, {
      openSource: (cited, opener) => this.#openSource(cited, opener),
      announce,
      changed: () => this.history.refresh(),
    });
  }

  /** `isNew`: the account was made just now. */
  async #enter(isNew) {
    const user = this.session.user;
    byId("workspace").hidden = false;
    byId("who").textContent = user?.email ?? "";
    if (isNew && user?.is_administrator) this.#note("This is the first account, so it administers the library: it may delete every document and share with everyone.");
    await Promise.all([this.views.start(user), this.documents.start(), this.conversation.restore()]);
    await this.history.refresh();
  }

  async #signOut() {
    await Promise.all([this.documents.settle(), this.history.settle()]);
    this.#leave("");
    try {
      await this.session.signOut();
    } catch (error) {
      this.signIn.show(`You are signed out here. ${inWords(error)}`);
    }
  }

  /** Nothing that one user saw is left for the next. */
  #leave(reason) {
    this.views.stop();
    this.documents.stop();
    this.history.clear();
    this.source.forget();
    this.conversation.reset();
    this.notice.replaceChildren();
    this.#showLibrary(false);
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    byId("workspace").hidden = true;
    this.signIn.show(reason);
  }

  /** What covers the chat would be left covering nothing. */
  #shows(view) {
    this.#showLibrary(false);
    if (view === "admin") this.source.close();
  }

  /** What a link from elsewhere names. */
  async #openDocument(id, page) {
    try {
      const one = await this.api.document(id);
      this.#openSource({ document_id: id, document: one.name, page, page_kind: one.page_kind, snippet: "" }, this.conversation.box);
    } catch (error) {
      this.source.close();
      this.#note(inWords(error));
    }
  }

  #openSource(cited, opener) {
    this.#showLibrary(false);
    this.source.open(cited, opener);
  }

  #showLibrary(isOpen) {
    const toggle = byId("library-toggle");
    if (this.libraryCover.isOpen && !isOpen) toggle.focus();
    toggle.setAttribute("aria-expanded", String(isOpen));
    byId("library").classList.toggle("is-open", isOpen);
    this.libraryCover.set(isOpen);
    byId("library").role = isOpen || location.hash === "#documents" ? "main" : "complementary"; // there is no other then
    if (isOpen) byId("library").querySelector("button")?.focus();
  }

  /** Close what lies on top; dialogs close themselves. */
  #escape() {
    if (document.querySelector("dialog")) return;
    if (this.libraryCover.isOpen) this.#showLibrary(false);
    else this.source.close();
  }

  #note(words) {
    const close = iconButton("close", "Dismiss", () => this.notice.replaceChildren());
    this.notice.replaceChildren(el("p", { class: "note" }, el("span", {}, words), close));
  }
}

/** Say it to whoever listens instead of looks. */
function announce(words) {
  byId("status").textContent = words;
}

new App().run();
