/** Accounts: find, make, change. Made by view, for who administers the installation or manages an organisation. */

import { el, icon } from "../dom.js";
import { askFor, choice, field, showOnce } from "./dialog.js";
import { Rows, rowButton } from "./rows.js";
import { Section } from "./section.js";
import { changeUser } from "./user_dialog.js";
import { at, counted, whole } from "./words.js";

const PAGE = 50;

/** @typedef {{id: string, email: string, organisation_id: string, is_administrator: boolean,
 *   manages_organisation: boolean, is_disabled: boolean, created_at: string}} User */

export class People extends Section {
  /** @type {User[]} */
  #users = [];
  #organisations = [];
  #page = 0;

  constructor(api, around) {
    super(api, around);
    const again = () => this.#turn(0);
    this.search = field("Find", { name: "search", type: "search", oninput: again, placeholder: "A part of the e-mail address" });
    this.filter = el("div", {});
    this.count = el("p", { class: "hint", role: "status" });
    this.rows = new Rows("People", (user) => this.#row(user));
    this.back = el("button", { class: "button", onclick: () => this.#turn(this.#page - 1) }, "Earlier");
    this.on = el("button", { class: "button", onclick: () => this.#turn(this.#page + 1) }, "Later");
    this.pages = el("nav", { class: "admin-actions", "aria-label": "Pages" }, this.back, this.on);
    this.make = el("button", { class: "button primary", onclick: () => this.#create() }, icon("plus"), "Make an account");
  }

  async look() {
    const mayAll = this.api.session.user?.is_administrator;
    const [{ users }, { organisations }] = await Promise.all([this.get("/api/users"), mayAll ? this.get("/api/organisations") : { organisations: [] }]);
    return { users, organisations };
  }

  draw({ users, organisations }) {
    this.#users = users;
    this.#organisations = organisations;
    if (!this.rows.node.isConnected) {
      const options = [["", "All organisations"], ...organisations.map(({ id, name }) => [id, name])];
      if (organisations.length > 1) this.filter.replaceChildren(choice("Organisation", "of", options, "", () => this.#turn(0)));
      this.body.replaceChildren(el("div", { class: "admin-tools" }, this.search, this.filter, this.make), this.count, this.rows.node, this.pages);
    }
    this.#turn(this.#page);
  }

  #turn(page) {
    const text = this.search.querySelector("input").value.trim().toLowerCase();
    const of = this.filter.querySelector("select")?.value;
    const found = this.#users.filter((user) => user.email.includes(text) && (!of || user.organisation_id === of));
    const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    this.#page = Math.min(page, last);
    const from = this.#page * PAGE;
    const shown = found.slice(from, from + PAGE);
    const words = found.length ? `${whole(from + 1)}–${whole(from + shown.length)} of ${counted(found.length, "account")}` : "No account fits.";
    if (this.count.textContent !== words) this.count.textContent = words;
    this.rows.show(shown.map((user) => ({ ...user, organisation: this.#organisations.length > 1 ? this.#nameOf(user) : null })));
    this.pages.hidden = last === 0;
    this.back.disabled = this.#page === 0;
    this.on.disabled = this.#page === last;
  }

  #nameOf({ organisation_id }) {
    return this.#organisations.find(({ id }) => id === organisation_id)?.name ?? organisation_id;
  }

  #row(user) {
    const badges = [user.is_administrator && ["good", "Administrator"], user.manages_organisation && ["", "Manages the organisation"], user.is_disabled && ["bad", "Disabled"]].filter(Boolean);
    const isAbove = user.is_administrator && !this.api.session.user.is_administrator;
    return [
      el("strong", { dir: "auto" }, user.email),
      ...(isAbove ? [] : [rowButton("change", "Change…", user.email, () => this.#change(user))]),
      el("p", { class: "admin-wide hint" }, user.organisation && el("bdi", {}, user.organisation), user.organisation && " · ", `since ${at(user.created_at)} `, ...badges.map(([look, words]) => el("span", { class: `badge ${look}` }, words))),
    ];
  }

  async #change(user) {
    await changeUser(user, this);
    await this.refresh();
  }

  async #create() {
    let made;
    const own = this.api.session.user.organisation?.id;
    const fields = [field("E-mail address", { name: "email", type: "email", required: true, maxlength: 254 })];
    if (this.#organisations.length > 1) fields.push(choice("Organisation", "organisation_id", this.#organisations.map(({ id, name }) => [id, name]), own));
    const isDone = await askFor({
      heading: "Make an account",
      words: "It gets a password, which you see once and hand over.",
      fields,
      action: "Make the account",
      submit: async (given) => (made = await this.send("POST", "/api/users", given)),
    });
    if (!isDone) return;
    await this.refresh();
    await showOnce(`${made.email} has an account`, "This password is shown this once. Hand it over; it can be changed after signing in.", made.password);
    this.make.focus();
  }
}
