/** The text of a document as it was indexed, a page, slide, sheet or section at a time. Used by views. */

import { el } from "../dom.js";
import { Problem } from "../problems.js";
import { markdownNodes } from "./text.js";

const NOT_THERE = "The browser cannot show this kind of file. Download it to see the passage in its place.";

/** @param {import("./views.js").Given} given @returns {Promise<import("./views.js").View>} */
export async function indexedView(given) {
  const { pages } = await given.document();
  const text = el("div", { class: "source-markdown answer-text", tabindex: 0, role: "group", "aria-label": "Text of the document" });
  const node = el("div", { class: "source-indexed" }, el("p", { class: "hint" }, "The text that answers are made from. Download the file to see it as it is."), text);
  const show = async (page) => {
    try {
      text.replaceChildren(...markdownNodes((await given.text(page)).text));
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      text.replaceChildren(el("p", {}, pages > 1 ? "Nothing on this page could be read." : NOT_THERE));
    }
    text.scrollTop = 0;
  };
  return { node, pages, show };
}
