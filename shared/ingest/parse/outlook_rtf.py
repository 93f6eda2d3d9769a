"""Unpacks the RTF body of an Outlook message, as Microsoft's MS-OXRTFCP has it. Called by `outlook`."""

import struct

# What the window holds at the start, from section 2.1.3.1.1 of the specification.
DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
WINDOW = 4096
MAX_UNPACKED = 64 * 1024 * 1024


def unpack_rtf(packed: bytes) -> bytes:
    """`struct.error` or ValueError for what is no such stream."""
    _, size, scheme = struct.unpack_from("<II4s", packed)
    if scheme == b"MELA":  # stored as it is
        return packed[16 : 16 + size]
    if scheme != b"LZFu" or size > MAX_UNPACKED:
        raise ValueError("neither packed nor plain RTF")
    window = bytearray(DICTIONARY.ljust(WINDOW, b"\0"))
    written = len(DICTIONARY)
    unpacked = bytearray()
    at = 16
    while at < len(packed) and len(unpacked) < size:
        flags = packed[at]
        at += 1
        for bit in range(8):
            if flags >> bit & 1:
                reference = int.from_bytes(packed[at : at + 2], "big")
                at += 2
                offset, length = reference >> 4, (reference & 15) + 2
                if at > len(packed) or offset == written % WINDOW:
                    return bytes(unpacked[:size])
                piece = range(offset, offset + length)
            elif at < len(packed):
                window[written % WINDOW] = packed[at]
                piece = range(written, written + 1)
                at += 1
            else:
                return bytes(unpacked[:size])
            for place in piece:
                byte = window[place % WINDOW]
                unpacked.append(byte)
                window[written % WINDOW] = byte
                written += 1
    return bytes(unpacked[:size])
