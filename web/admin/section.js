/** What the sections of the administrator's view share: look, look again, and say what went wrong. Extended by each. */

import { el, note } from "../dom.js";
import { inWords } from "../problems.js";

export class Section {
  #timer = 0;
  #round = 0;
  #isOn = false;
  #seeing = () => !document.hidden && this.refresh();

  /** @param {import("../api.js").Api} api @param {import("./view.js").Around} around */
  constructor(api, around) {
    this.api = api;
    this.around = around;
    this.trouble = el("div", { class: "admin-trouble" });
    this.body = el("div", { class: "admin-body" }, el("p", { class: "hint" }, "Loading…"));
    this.node = el("div", {}, this.trouble, this.body);
  }

  /** What is shown, from the server. @returns {Promise<unknown>} */
  async look() {
    throw new Error("each section looks for itself");
  }

  /** @param {any} _found what `look` has found */
  draw(_found) {}

  /** @returns {number} ms until the next look; 0: none */
  pause() {
    return 0;
  }

  start() {
    this.#isOn = true;
    document.addEventListener("visibilitychange", this.#seeing);
    return this.refresh();
  }

  stop() {
    this.#isOn = false;
    this.#round += 1;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#seeing);
  }

  async refresh() {
    if (!this.#isOn) return;
    clearTimeout(this.#timer);
    const round = (this.#round += 1);
    try {
      const found = await this.look();
      if (round !== this.#round) return;
      if (this.trouble.dataset.of === "look") this.trouble.replaceChildren();
      this.draw(found);
    } catch (error) {
      if (round === this.#round) this.#tell(error, "look", () => this.refresh());
    }
    const pause = this.pause();
    if (round === this.#round && pause && !document.hidden) this.#timer = setTimeout(() => this.refresh(), pause);
  }

  /**
   * Change something, then look. What the server refuses is said on top, with the way to try again.
   * @param {() => Promise<unknown>} action @param {string} [done] said when it is
   */
  async change(action, done) {
    this.trouble.replaceChildren();
    try {
      await action();
      if (done) this.around.announce(done);
    } catch (error) {
      this.#tell(error, "change", () => this.change(action, done));
    }
    await this.refresh();
  }

  /** @param {string} path @returns {Promise<any>} */
  async get(path) {
    return (await this.api.request("GET", path)).json();
  }

  /** @param {string} method @param {string} path @param {unknown} [json] @returns {Promise<any>} null: no content */
  async send(method, path, json) {
    const response = await this.api.request(method, path, { json });
    return response.status === 204 ? null : response.json();
  }

  #tell(error, of, again) {
    if (this.trouble.dataset.of === of && this.trouble.textContent.startsWith(inWords(error))) return;
    this.trouble.dataset.of = of;
    this.trouble.replaceChildren(note(inWords(error), again));
    if (of === "look" && this.body.firstChild?.className === "hint") this.body.replaceChildren();
  }
}
