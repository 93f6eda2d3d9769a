"""Answers streamed and read to their end, follow-ups too."""

from tests.load.people import Streamer

__all__ = ["Streamer"]
