"""Questions answered whole, and searches."""

from tests.load.people import Asker

__all__ = ["Asker"]
