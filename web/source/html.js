/** The words of a web page. Used by text. */

const BLOCKS = /<\/?(p|div|h[1-6]|li|tr|dt|dd|br)\b[^>]*>/gi;

// The one place where HTML is parsed: the headers let no other have a policy.
const parsed = window.trustedTypes?.createPolicy("parsed", { createHTML: (words) => words });

/** Its markup goes before the parser decodes the rest. @param {string} html @returns {string} */
export function textOfHtml(html) {
  const words = html.replace(/<!--[^]*?-->|<(script|style|template)\b[^]*?<\/\1\s*>/gi, "").replace(BLOCKS, "\n").replace(/<\/t[dh]>/gi, " | ").replace(/<[^>]*>/g, "").replaceAll("<", "&lt;");
  const decoded = new DOMParser().parseFromString(parsed?.createHTML(words) ?? words, "text/html").body.textContent;
  return decoded.replace(/[ \t]+/g, " ").replace(/(\s*\n\s*){2,}/g, "\n\n").trim();
}
