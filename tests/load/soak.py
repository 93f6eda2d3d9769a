"""The mixed scenario for as long as somebody wants to watch memory and times (`--run-time`)."""

from tests.load.mixed import Asker, Streamer, Uploader

__all__ = ["Asker", "Streamer", "Uploader"]
