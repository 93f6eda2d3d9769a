/** The administrator's view: its sections, of which one is shown at a time. Loaded by views when it is first opened. */

import { el } from "../dom.js";
import { Groups } from "./groups.js";
import { Health } from "./health.js";
import { Indexes } from "./indexes.js";
import { Organisations } from "./organisations.js";
import { People } from "./people.js";
import { Usage } from "./usage.js";

/** @typedef {{announce: (words: string) => void}} Around */

/** By what stands behind `#admin/` in the address. Who manages an organisation alone sees its people and groups. */
const SECTIONS = [
  { name: "health", title: "Health", Section: Health },
  { name: "indexes", title: "Index versions", Section: Indexes },
  { name: "usage", title: "Usage and cost", Section: Usage },
  { name: "people", title: "People", Section: People, isForManagers: true },
  { name: "groups", title: "Groups", Section: Groups, isForManagers: true },
  { name: "organisations", title: "Organisations", Section: Organisations },
];

export class AdminView {
  /** @type {Map<string, import("./section.js").Section>} those that were opened */
  #opened = new Map();
  #shown = "";

  /** @param {HTMLElement} root @param {import("../api.js").Api} api @param {Around} around */
  constructor(root, api, around) {
    this.api = api;
    this.around = around;
    this.sections = SECTIONS.filter(({ isForManagers }) => isForManagers || api.session.user?.is_administrator);
    this.links = this.sections.map(({ name, title }) => el("a", { href: `#admin/${name}` }, title));
    this.heading = el("h2", { tabindex: -1 });
    this.place = el("div", { class: "admin-section" });
    root.replaceChildren(
      el("div", { class: "admin-page" }, el("nav", { class: "admin-nav", "aria-label": "Administration" }, ...this.links), this.heading, this.place),
    );
  }

  /** Show the section that the address names; may be called again at any time. */
  show() {
    const asked = location.hash.split("/")[1];
    const index = Math.max(0, this.sections.findIndex(({ name }) => name === asked));
    const { name, title, Section } = this.sections[index];
    if (name === this.#shown) return;
    this.hide();
    this.#shown = name;
    this.links.forEach((link, at) => (link.ariaCurrent = at === index ? "page" : null));
    if (!this.#opened.has(name)) this.#opened.set(name, new Section(this.api, this.around));
    const section = this.#opened.get(name);
    this.heading.textContent = title;
    this.place.replaceChildren(section.node);
    this.heading.focus({ preventScroll: true });
    section.start();
  }

  /** Nothing is asked of the server any more, and no dialog is left over what is shown next. */
  hide() {
    for (const dialog of document.querySelectorAll(".admin-dialog")) dialog.close();
    this.#opened.get(this.#shown)?.stop();
    this.#shown = "";
  }
}
