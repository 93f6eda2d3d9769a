"""XML to a tree, with nothing of it expanded or fetched. Read by the parsers of formats made of XML."""

from typing import Any, TypeAlias

from lxml import etree  # type: ignore[import-untyped]

from shared.errors import DocumentRejected

Element: TypeAlias = Any  # lxml has no types

REASONS = {  # by a word of what libxml2 says when one of its limits is reached
    "amplification": "holds XML entities that unfold to more than can be read; save it without them",
    "depth": "is nested more than 256 levels deep; flatten it",
    "too long": "holds more text in one XML element than can be read; split it up",
}


class MalformedXmlError(ValueError):
    """Not for people: each caller says what it means for its format."""


def xml_tree(content: bytes | str) -> Element:
    """Its root. Raises MalformedXmlError; `DocumentRejected` for what reaches a limit."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        for word, reason in REASONS.items():
            if word in str(error):
                raise DocumentRejected(reason) from error
        raise MalformedXmlError(str(error)) from error
    except ValueError as error:  # a declared encoding in front of text that is decoded already
        raise MalformedXmlError(str(error)) from error


def local_name(element: Element) -> str:
    """Without its namespace; empty for what is no element, such as an entity that was left alone."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
