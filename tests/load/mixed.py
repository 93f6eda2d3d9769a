"""A working day: two thirds read streams, others ask or search, a few upload."""

from tests.load import people


class Asker(people.Asker):
    weight = 3


class Streamer(people.Streamer):
    weight = 6


class Uploader(people.Uploader):
    weight = 1
