"""Writes samples as an Outlook message and as an archive. Used by `evals.build_samples`."""

import email
import email.policy
import struct
from email.utils import parsedate_to_datetime
from pathlib import Path

from evals.sample_books import zipped
from tests.vectors.compound_files import Tree, compound_file

_TEXT = 0x001F  # the property's type: UTF-16
_TIME = 0x0040
_READABLE = 6  # flags of a property that may be read and written
_MESSAGE_CLASS, _SUBJECT, _SENT, _SENDER, _ADDRESS, _TO, _CC, _BODY = (
    0x001A, 0x0037, 0x0039, 0x0C1A, 0x0C1F, 0x0E04, 0x0E03, 0x1000,
)  # fmt: skip
_EPOCH = 11_644_473_600  # seconds from 1601 to 1970


def write_msg(message: bytes) -> bytes:
    """The message as Outlook saves one, with the properties that MS-OXPROPS numbers so."""
    mail = email.message_from_bytes(message, policy=email.policy.default)
    sender = mail["From"].addresses[0]
    body = mail.get_content().replace("\r\n", "\n").replace("\n", "\r\n")
    texts = {
        _MESSAGE_CLASS: "IPM.Note",
        _SUBJECT: mail["Subject"],
        _SENDER: sender.display_name,
        _ADDRESS: sender.addr_spec,
        _TO: mail["To"],
        _CC: mail["Cc"],
        _BODY: body,
    }
    sent = int((parsedate_to_datetime(mail["Date"]).timestamp() + _EPOCH) * 10_000_000)
    encoded = {number: str(text).encode("utf-16-le") for number, text in texts.items()}
    head = struct.pack("<8x4I8x", 0, 0, 0, 0)
    rows = [
        struct.pack("<IIII", number << 16 | _TEXT, _READABLE, len(each) + 2, 0)
        for number, each in encoded.items()
    ]
    rows.append(struct.pack("<IIQ", _SENT << 16 | _TIME, _READABLE, sent))
    names: Tree = {f"__substg1.0_000{kind}0102": b"" for kind in (2, 3, 4)}
    streams = {f"__substg1.0_{number:04X}001F": each for number, each in encoded.items()}
    tree: Tree = {"__properties_version1.0": head + b"".join(rows), "__nameid_version1.0": names, **streams}
    return compound_file(tree)


def packed(folder: Path) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return zipped({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})
