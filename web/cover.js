/** Panels beside the chat on a wide screen and over it on a narrow one. Used by app. */

export class Cover {
  isOpen = false;

  /**
   * @param {HTMLElement[]} behind what a covering panel takes out of reach of keyboard and screen reader
   * @param {string} narrow the media query for where the panel covers
   */
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
