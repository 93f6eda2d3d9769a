"""MongoDB's messages on a socket: commands in, documents out. Used by the gateway and the faulty proxy.

Facts from the driver's specification: a message is four little-endian int32 (length, id, id answered,
opcode) and a body. `OP_MSG` holds one document and any number of document sequences; drivers say their
first `hello` in the older `OP_QUERY` and expect `OP_REPLY`.
"""

import struct
from dataclasses import dataclass
from typing import Any

import bson

HEADER = struct.Struct("<iiii")
_REPLY, _QUERY, _MSG = 1, 2004, 2013
_INT = struct.Struct("<i")
_HAS_CHECKSUM = 1


@dataclass(frozen=True, kw_only=True)
class Request:
    id: int
    opcode: int
    command: dict[str, Any]

    @property
    def name(self) -> str:
        """Of the command: the first key."""
        return next(iter(self.command), "")


def parse(header: bytes, body: bytes) -> Request:
    _, request_id, _, opcode = HEADER.unpack(header)
    if opcode == _MSG:
        command = _parse_sections(body)
    elif opcode == _QUERY:
        name_end = body.index(b"\0", 4)
        command = bson.decode(body[name_end + 9 :])
    else:
        raise ValueError(f"opcode {opcode} is not spoken here")
    return Request(id=request_id, opcode=opcode, command=command)


def reply(request: Request, answer: dict[str, Any] | bytes) -> bytes:
    document = answer if isinstance(answer, bytes) else bson.encode(answer)
    if request.opcode == _MSG:
        body, opcode = struct.pack("<Ib", 0, 0) + document, _MSG
    else:
        body, opcode = struct.pack("<iqii", 8, 0, 0, 1) + document, _REPLY
    return HEADER.pack(HEADER.size + len(body), 0, request.id, opcode) + body


def refusal(code: int, message: str) -> dict[str, Any]:
    return {"ok": 0.0, "code": code, "codeName": f"Error{code}", "errmsg": message}


def _parse_sections(body: bytes) -> dict[str, Any]:
    """The command, with its document sequences as the arrays that they stand for."""
    (flags,) = _INT.unpack_from(body)
    position, end = 4, len(body) - (4 if flags & _HAS_CHECKSUM else 0)
    command: dict[str, Any] = {}
    sequences: dict[str, Any] = {}
    while position < end:
        kind = body[position]
        (size,) = _INT.unpack_from(body, position + 1)
        section = body[position + 1 : position + 1 + size]
        if kind == 0:
            command = bson.decode(section)
        else:
            name, _, documents = section[4:].partition(b"\0")
            sequences[name.decode()] = bson.decode_all(documents)
        position += 1 + size
    return command | sequences
