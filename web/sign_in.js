/** The first thing a visitor sees: signing in. Made by app. */

import { el } from "./dom.js";
import { inWords } from "./problems.js";

const MODES = {
  signIn: {
    heading: "Sign in",
    button: "Sign in",
    password: "current-password",
    hint: "",
    question: "New here?",
    other: "Create an account",
  },
  register: {
    heading: "Create an account",
    button: "Create the account",
    password: "new-password",
    hint: "At least 8 characters, used nowhere else. The first account of a new library administers it.",
    question: "You have an account?",
    other: "Sign in",
  },
};

export class SignIn {
  #mode = "signIn";

  constructor(root, session, done) {
    this.root = root;
    this.session = session;
    this.done = done;
    this.heading = el("h2", {});
    this.error = el("p", { class: "note error", role: "alert", hidden: true });
    this.email = el("input", { id: "email", type: "email", name: "username", autocomplete: "username", required: true, dir: "ltr" });
    this.password = el("input", { id: "password", type: "password", name: "password", required: true, "aria-describedby": "password-hint" });
    this.hint = el("p", { id: "password-hint", class: "hint" });
    this.button = el("button", { type: "submit", class: "button primary wide" });
    this.tenant = el("div", { class: "tenant", hidden: true });
    this.question = el("span", {});
    this.other = el("button", { class: "link", onclick: () => this.#turn(this.#mode === "signIn" ? "register" : "signIn") });
    this.switch = el("p", { class: "switch" }, this.question, " ", this.other);
    root.replaceChildren(this.#pitch(), this.#form());
    this.#turn("signIn");
  }

  show(reason = "") {
    this.root.hidden = false;
    this.#say(reason);
    (this.email.value ? this.password : this.email).focus();
    this.#offer();
  }

  hide() {
    this.root.hidden = true;
    this.password.value = "";
  }

  /** What this library offers besides an account that one has. */
  async #offer() {
    try {
      const { registration, entra } = await this.session.options();
      this.switch.hidden = registration === "closed";
      this.tenant.hidden = !entra;
      const go = el("button", { class: "button wide", onclick: () => this.#leave(entra) }, "Sign in with Microsoft");
      this.tenant.replaceChildren(go, el("p", { class: "or" }, "or with an account of this library"));
    } catch (error) {
      if (this.error.hidden) this.#say(inWords(error));
    }
  }

  async #leave(tenant) {
    try {
      await this.session.signInWithEntra(tenant);
    } catch (error) {
      this.#say(inWords(error));
    }
  }

  #pitch() {
    const words = "Add your documents, ask a question, and read the answer with the page it comes from.";
    return el("div", { class: "pitch" }, el("h1", { class: "brand" }, "RAG Functions"), el("p", {}, words), el("p", {}, el("a", { class: "api-docs", href: "/api/docs" }, "For programs: the API")));
  }

  #form() {
    const show = el("input", { id: "show-password", type: "checkbox" });
    show.addEventListener("change", () => (this.password.type = show.checked ? "text" : "password"));
    const form = el(
      "form",
      { class: "card" },
      this.heading,
      this.error,
      this.tenant,
      el("label", { for: "email" }, "E-mail address"),
      this.email,
      el("label", { for: "password" }, "Password"),
      this.password,
      this.hint,
      el("label", { class: "check" }, show, " Show the password"),
      this.button,
      this.switch,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    return form;
  }

  #turn(mode) {
    this.#mode = mode;
    const words = MODES[mode];
    this.heading.textContent = words.heading;
    this.button.textContent = words.button;
    this.password.autocomplete = words.password;
    this.hint.textContent = words.hint;
    this.hint.hidden = !words.hint;
    this.question.textContent = words.question;
    this.other.textContent = words.other;
    this.#say("");
  }

  async #submit() {
    const isNew = this.#mode === "register";
    this.button.disabled = true;
    this.#say("");
    try {
      if (isNew) await this.session.register(this.email.value, this.password.value);
      else await this.session.signIn(this.email.value, this.password.value);
      this.hide();
      this.done(isNew);
    } catch (error) {
      this.#say(inWords(error));
      this.password.focus();
    } finally {
      this.button.disabled = false;
    }
  }

  #say(words) {
    this.error.textContent = words;
    this.error.hidden = !words;
  }
}
