/** Panels beside the chat on a wide screen and over it on a narrow one. Used by app. */

export class Cover {
  isOpen = false;

  /** @param {HTMLElement[]} behind out of reach while the panel covers @param {string} narrow media query: where it does */
  constructor(behind, narrow) {
    this.behind = behind;
    this.query = matchMedia(narrow);
    this.query.addEventListener("change", () => this.set(this.isOpen));
  }

  set(isOpen) {
    this.isOpen = isOpen;
    for (const element of this.behind) element.inert = isOpen && this.query.matches;
  }
}
