/** Builds DOM nodes: the whole page makes them here, so that data can only become text or an attribute's value. */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes] `on…` is a listener; true, false and null do what they say
 * @param {...(Node | string | null | undefined | false)} children
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  if (tag === "button") node.type = "button"; // sends no form unless told to
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  for (const child of children) if (child) node.append(child);
  return node;
}

/** @param {string} id @returns {any} an element that index.html has */
export function byId(id) {
  return document.getElementById(id);
}

const SVG = "http://www.w3.org/2000/svg";

/** Outlines on a 20 × 20 grid. */
const ICONS = {
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  back: "M12.5 4l-6 6 6 6",
  next: "M7.5 4l6 6-6 6",
  send: "M10 16V4M4.5 9.5 10 4l5.5 5.5",
  stop: "M6 6h8v8H6z",
  close: "M5 5l10 10M15 5 5 15",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6M8.5 9v4.5M11.5 9v4.5",
  share: "M7.5 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM3 16c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M13 9a2.2 2.2 0 1 0-.5-4.3M14 12c1.9.3 3 1.7 3 3.7",
  retry: "M15.5 8A6 6 0 1 0 16 11M16 4v4h-4",
  upload: "M10 13V4M6 7.5 10 3.5l4 4M4 13v3h12v-3",
  open: "M11 4h5v5M16 4l-7 7M8 5H4v11h11v-4",
  download: "M10 4v9M6 9.5l4 4 4-4M4 16h12",
  up: "M6 9v7H3.5V9H6Zm0 0 3-6c1.5 0 2 1 1.8 2.2L10.3 8H15c1 0 1.7.9 1.5 1.9l-.9 4.7c-.2.9-.8 1.4-1.6 1.4H6",
  down: "M14 11V4h2.5v7H14Zm0 0-3 6c-1.5 0-2-1-1.8-2.2l.5-2.8H5c-1 0-1.7-.9-1.5-1.9l.9-4.7C4.6 4.5 5.2 4 6 4h8",
  copy: "M7 7V4h9v9h-3M4 7h9v9H4z",
  more: "M4 9.5h1v1H4zM9.5 9.5h1v1h-1zM15 9.5h1v1h-1z",
  chat: "M4 5h12v9H9l-3.5 3v-3H4z",
};

/** @param {keyof typeof ICONS} name @returns {SVGElement} decoration: the button around it carries the words */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * A button with an icon for the eye and words for everyone else.
 * @param {string} name of ICONS @param {string} label @param {() => void} onclick @param {object} [more]
 */
export function iconButton(name, label, onclick, more = {}) {
  return el("button", { class: "icon-button", "aria-label": label, title: label, onclick, ...more }, icon(name));
}

/** What went wrong, with the way to try again. @param {string} words @param {() => void} again */
export function note(words, again, label = "Try again", look = "note error") {
  const button = el("button", { class: "button small", onclick: again }, icon("retry"), label);
  return el("p", { class: look, role: "alert" }, el("span", {}, words), button);
}
