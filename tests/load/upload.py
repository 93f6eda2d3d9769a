"""Documents uploaded, followed until they are indexed, deleted."""

from tests.load.people import Uploader

__all__ = ["Uploader"]
