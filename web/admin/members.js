/** Who is in a group: they join and leave here. Opened by groups. */

import { el, iconButton } from "../dom.js";
import { inWords } from "../problems.js";
import { field, openDialog } from "./dialog.js";
import { groupPath } from "./groups.js";
import { counted } from "./words.js";

/** @typedef {{id: string, name: string, organisation_id: string}} Group */

/** @param {Group} group @param {import("./section.js").Section} section */
export async function showMembers(group, section) {
  await new Members(group, section).shown();
  await section.refresh();
}

class Members {
  #users = [];
  #members = [];

  constructor(group, section) {
    this.group = group;
    this.section = section;
    this.list = el("ul", { class: "admin-members", "aria-label": "Members" });
    this.refusal = el("div", { role: "alert" });
    this.said = el("p", { class: "admin-said hint", role: "status" });
    this.known = el("datalist", { id: "admin-members-known" });
    const add = field("Who joins", { name: "email", type: "email", required: true, list: this.known.id, maxlength: 254 });
    const form = el("form", { class: "admin-form admin-join" }, add, el("button", { type: "submit", class: "button primary" }, "Add"));
    const close = el("button", { class: "button", onclick: () => this.dialog.close() }, "Close");
    this.dialog = openDialog(`Members of ${group.name}`, form, this.known, this.refusal, this.said, this.list, el("div", { class: "dialog-actions" }, close));
    this.input = form.querySelector("input");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#join(this.input.value.trim().toLowerCase());
    });
  }

  /** Until it is closed. */
  async shown() {
    const organisation = new URLSearchParams({ organisation_id: this.group.organisation_id });
    await this.#attempt(async () => {
      this.#users = (await this.section.get(`/api/users?${organisation}`)).users;
      await this.#look();
    });
    await new Promise((resolve) => (this.dialog.open ? this.dialog.addEventListener("close", resolve) : resolve(null)));
  }

  async #look() {
    this.#members = (await this.section.get(groupPath(this.group.id))).members;
    this.said.textContent = this.#members.length ? counted(this.#members.length, "member") : "Nobody is in it yet.";
    const leave = (member) => iconButton("close", `Take ${member.email} out`, () => this.#change("DELETE", member, `${member.email} is out.`));
    this.list.replaceChildren(...this.#members.map((member) => el("li", {}, el("span", { dir: "auto" }, member.email), leave(member))));
    const others = this.#users.filter(({ id }) => !this.#members.some((member) => member.id === id));
    this.known.replaceChildren(...others.map(({ email }) => el("option", { value: email })));
  }

  async #join(email) {
    const user = this.#users.find((each) => each.email === email);
    if (!user) return this.#refuse("No account of this organisation has this address.");
    await this.#change("PUT", user, `${email} is in.`);
    this.input.value = "";
  }

  #change(method, { id }, done) {
    return this.#attempt(async () => {
      await this.section.send(method, `${groupPath(this.group.id)}/members/${encodeURIComponent(id)}`);
      await this.#look();
      this.said.textContent = `${done} ${this.said.textContent}`;
      this.input.focus();
    });
  }

  async #attempt(action) {
    this.refusal.replaceChildren();
    try {
      await action();
    } catch (error) {
      this.#refuse(inWords(error));
    }
  }

  #refuse(words) {
    this.refusal.replaceChildren(el("p", { class: "note error" }, words));
  }
}
