/** Styles that are loaded on first use. Used by whoever opens what needs them. */

import { unreachable } from "./problems.js";

const loading = new Map();

/** Add a stylesheet once and wait for it; after a failure the next call tries again. @param {string} href @returns {Promise<void>} */
export function styles(href) {
  if (!loading.has(href)) {
    loading.set(href, add(href));
    loading.get(href).catch(() => loading.delete(href));
  }
  return loading.get(href);
}

function add(href) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((resolve, reject) => {
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => {
      link.remove();
      reject(unreachable());
    });
    document.head.append(link);
  });
}
