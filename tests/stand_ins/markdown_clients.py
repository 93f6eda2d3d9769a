"""Clients that show answers as Markdown, as generously as their libraries let them, and what they may make
of one."""

import re
from html import unescape

from markdown_it import MarkdownIt

CLIENTS = {
    "html": MarkdownIt("commonmark", {"html": True}),
    "links": MarkdownIt("js-default", {"html": True, "linkify": True, "typographer": True, "breaks": True}),
    "github": MarkdownIt("gfm-like", {"html": True, "linkify": True}),
}

# What Markdown makes of text alone; nothing of it fetches, links or runs anything.
_TEXT_TAGS = (
    r"</?(?:p|br|hr|em|strong|s|del|ul|ol|li|h[1-6]|blockquote|pre|code|table|thead|tbody|tr|th|td)"
    r'(?: (?:start="\d+"|style="text-align:(?:left|right|center)"|class="language-[^"<>]*"))*(?: /)?>'
)
_LINK = re.compile(r'<a href="([^"<>]*)">|</a>')


def shown(text: str) -> dict[str, str]:
    """The HTML that each of them shows."""
    return {name: client.render(text) for name, client in CLIENTS.items()}


def beyond_text(text: str, *, may_link_to: str = "(?!)") -> dict[str, str]:
    """By client: its HTML with the first thing that is neither text nor an allowed link, if there is one."""
    found = {name: html for name, html in shown(text).items() if _has_more(html, may_link_to)}
    if re.search(r"<[A-Za-z/!?]", text):
        found["no Markdown"] = text
    return found


def _has_more(html: str, may_link_to: str) -> bool:
    addresses = [unescape(match[1]) for match in _LINK.finditer(html) if match[1] is not None]
    rest = re.sub(_TEXT_TAGS, "", _LINK.sub("", html))
    return "<" in rest or not all(re.fullmatch(may_link_to, address) for address in addresses)
