"""XML to a tree, with nothing of it expanded or fetched. Read by the parsers of formats made of XML."""

from typing import Any, TypeAlias

from lxml import etree  # type: ignore[import-untyped]

from shared.errors import DocumentRejected

Element: TypeAlias = Any  # lxml has no types

TOO_DEEP = "is nested more than 256 levels deep; flatten it"
ERR_DEPTH = 114  # XML_ERR_RESOURCE_LIMIT of libxml2's xmlerror.h


class MalformedXmlError(ValueError):
    """Not for people: each caller says what it means for its format."""


def xml_tree(content: bytes | str) -> Element:
    """Its root. Raises MalformedXmlError; `DocumentRejected` when it is nested too deeply."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if error.code == ERR_DEPTH or "depth" in str(error):
            raise DocumentRejected(TOO_DEEP) from error
        raise MalformedXmlError(str(error)) from error
    except ValueError as error:  # a declared encoding in front of text that is decoded already
        raise MalformedXmlError(str(error)) from error


def local_name(element: Element) -> str:
    """Without its namespace; empty for what is no element, such as an entity that was left alone."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
