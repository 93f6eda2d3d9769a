"""XML bombs in files of each kind that holds XML, and text nested beyond reason. For hostile_files.py."""

import io
import zipfile
from pathlib import Path

from tests.stand_ins.hostile_archives import Member, archive, honest, nested

SAMPLES = Path(__file__).parents[2] / "samples"
DEEP = 100_000
CARRIERS = {  # the sample, and the member that holds the text
    "docx": ("warranty-terms.docx", "word/document.xml"),
    "pptx": ("quarterly-review-q3-2026.pptx", "ppt/slides/slide1.xml"),
    "xlsx": ("calibration-schedule.xlsx", "xl/sharedStrings.xml"),
}
ROOTS = {
    "docx": '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
    "<w:t>{}</w:t></w:r></w:p></w:body></w:document>",
    "pptx": '<p:sld xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"><p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/>'
    '<p:sp><p:nvSpPr><p:cNvPr id="2" name="t"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
    "<p:txBody><a:bodyPr/><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>",
    "xlsx": '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{}</t></si></sst>',
    "odt": '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>'
    "<text:p>{}</text:p></office:text></office:body></office:document-content>",
    "epub": '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{}</p></body></html>',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><text>{}</text></svg>',
    "xml": "<note>{}</note>",
}
LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghijk", strict=False)
)


def xml(kind: str, text: str, doctype: str = "") -> str:
    declared = f"<!DOCTYPE x [{doctype}]>" if doctype else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>{declared}' + ROOTS[kind].replace("{}", text)


def carried(kind: str, content: str, *more: Member) -> bytes:
    """A whole file of that kind around the XML that holds its text."""
    if kind in CARRIERS:
        sample, member = CARRIERS[kind]
        with zipfile.ZipFile(SAMPLES / sample) as whole:
            kept = [honest(name, whole.read(name)) for name in whole.namelist() if name != member]
        return archive(*kept, honest(member, content), *more)
    if kind == "odt":
        mime = honest("mimetype", "application/vnd.oasis.opendocument.text")
        manifest = honest(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        return archive(mime, honest("content.xml", content), manifest, *more)
    return epub(content, *more) if kind == "epub" else content.encode()


def epub(chapter: str, *more: Member) -> bytes:
    return archive(
        honest("mimetype", "application/epub+zip"),
        honest(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile'
            ' full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        ),
        honest(
            "b.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>'
            '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="c"/></spine></package>',
        ),
        honest("c.xhtml", chapter),
        *more,
    )


def billion_laughs(kind: str) -> bytes:
    """10 ** 10 laughs."""
    return carried(kind, xml(kind, "&j;", LAUGHS))


def quadratic_blowup(kind: str) -> bytes:
    """A long entity, named 20,000 times: 4 GB."""
    return carried(kind, xml(kind, "&k;" * 20_000, f'<!ENTITY k "{"a" * 200_000}">'))


def external_entity(kind: str, address: str) -> bytes:
    return carried(kind, xml(kind, "before &x; after", f'<!ENTITY x SYSTEM "{address}">'))


def encrypted_odt() -> bytes:
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/>'
        "</manifest:file-entry></manifest:manifest>"
    )
    mime = honest("mimetype", "application/vnd.oasis.opendocument.text")
    return archive(mime, honest("content.xml", bytes(range(256))), honest("META-INF/manifest.xml", manifest))


def yaml_laughs() -> str:
    lines = ["a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join(lines)


def deep_mail() -> bytes:
    head = b"From: a@example.com\nSubject: deep\nMIME-Version: 1.0\n"
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(20_000)
    )
    return head + parts + b"\nhello\n"


def forwarded_mail() -> bytes:
    return (
        b"From: a@example.com\nSubject: s\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" * 5_000
        + b"hello\n"
    )


def mail_bomb() -> bytes:
    """An archive within an archive, and so on, carried by a message."""
    buffer = io.BytesIO(
        b"From: a@example.com\nSubject: s\nMIME-Version: 1.0\nContent-Type: application/zip\n"
    )
    buffer.seek(0, io.SEEK_END)
    buffer.write(b"Content-Disposition: attachment; filename=a.zip\n\n" + nested(20, b""))
    return buffer.getvalue()
