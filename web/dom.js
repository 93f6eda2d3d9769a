/**
 * Builds DOM nodes. Every part of the page makes its nodes here, so that data can only ever become
 * text or an attribute value: nothing in the page writes HTML.
 */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes] `on…` is a listener; true, false and null do what they say
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any} the element
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), /** @type {any} */ (value));
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
  send: "M10 16V4M4.5 9.5 10 4l5.5 5.5",
  stop: "M6 6h8v8H6z",
  close: "M5 5l10 10M15 5 5 15",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6M8.5 9v4.5M11.5 9v4.5",
  share: "M7.5 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM3 16c0-2.500 2-4 4.500-4s4.500 1.500 4.500 4M13 9a2.200 2.200 0 1 0-.5-4.300M14 12c1.900.300 3 1.700 3 3.700",
  retry: "M15.500 8A6 6 0 1 0 16 11M16 4v4h-4",
  upload: "M10 13V4M6 7.500 10 3.500l4 4M4 13v3h12v-3",
  open: "M11 4h5v5M16 4l-7 7M8 5H4v11h11v-4",
  download: "M10 4v9M6 9.500l4 4 4-4M4 16h12",
  up: "M6 9v7H3.500V9H6Zm0 0 3-6c1.500 0 2 1 1.800 2.200L10.300 8H15c1 0 1.700.900 1.500 1.900l-.900 4.700c-.200.900-.800 1.400-1.600 1.400H6",
  down: "M14 11V4h2.500v7H14Zm0 0-3 6c-1.500 0-2-1-1.800-2.200l.5-2.800H5c-1 0-1.700-.900-1.500-1.900l.900-4.700C4.600 4.500 5.200 4 6 4h8",
  copy: "M7 7V4h9v9h-3M4 7h9v9H4z",
  chat: "M4 5h12v9H9l-3.500 3v-3H4z",
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
 * A button that shows an icon and says its words to everyone else.
 * @param {keyof typeof ICONS} name @param {string} label @param {() => void} onclick @param {Record<string, unknown>} [more]
 */
export function iconButton(name, label, onclick, more = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...more }, icon(name));
}
