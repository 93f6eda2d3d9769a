/**
 * The views by their addresses: `#documents` (drawn by documents), `#admin…`, the chat with a source beside it
 * (`#document/<id>/<page>`) or without. Made by app.
 */

import { byId, note } from "./dom.js";
import { styles } from "./lazy.js";
import { inWords } from "./problems.js";

const TITLE = document.title;
const NAMES = { documents: "Documents", admin: "Administration" };

export class Views {
  #admin = null;
  #mayAdminister = false;

  /** @param {object} around `announce`, `shows` (a view, by its name), `openDocument` */
  constructor(api, around) {
    this.api = api;
    this.around = around;
    this.root = byId("admin");
    addEventListener("hashchange", () => this.#show());
  }

  /** Show what the address names. */
  async start(user) {
    this.#mayAdminister = user.is_administrator || user.manages_organisation;
    byId("admin-link").hidden = !this.#mayAdminister;
    await this.#show();
  }

  /** Leave nothing of it. */
  stop() {
    this.#mayAdminister = false;
    this.#admin?.hide();
    this.#admin = null;
    this.root.replaceChildren();
  }

  get #name() {
    const [name] = location.hash.slice(1).split("/");
    return name === "documents" || (name === "admin" && this.#mayAdminister) ? name : "";
  }

  async #show() {
    if (byId("workspace").hidden) return;
    const name = this.#name;
    const isAdmin = name === "admin";
    this.around.shows(name);
    if (!isAdmin) this.#admin?.hide();
    this.root.hidden = !isAdmin;
    byId("columns").hidden = isAdmin;
    byId("skip").hidden = name !== "";
    byId("workspace").classList.toggle("is-admin", isAdmin);
    document.title = name ? `${NAMES[name]} – ${TITLE}` : TITLE;
    for (const link of byId("views").children) link.ariaCurrent = link.hash.slice(1) === name ? "page" : null;
    if (isAdmin) await this.#showAdmin();
    else if (name) byId("documents-heading").focus();
    else this.#showChat();
  }

  #showChat() {
    byId("question").focus();
    const [, id, page] = /^#document\/([^/]+)(?:\/(\d+))?$/.exec(location.hash) ?? [];
    if (id) this.around.openDocument(decodeURIComponent(id), Number(page ?? 1));
  }

  async #showAdmin() {
    try {
      if (!this.#admin) {
        const [{ AdminView }] = await Promise.all([import("./admin/view.js"), styles("/chat/dialog.css"), styles("/chat/progress.css"), styles("/chat/admin/admin.css")]);
        if (this.#name !== "admin") return;
        this.#admin ??= new AdminView(this.root, this.api, { announce: this.around.announce });
      }
      this.#admin.show();
    } catch (error) {
      this.root.replaceChildren(note(inWords(error), () => this.#showAdmin()));
    }
  }
}
