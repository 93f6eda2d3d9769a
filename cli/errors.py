"""What a command raises when it cannot do its work. `cli.main` prints the message and exits 1."""


class CommandError(Exception):
    """The message says what failed, then what to do; one line."""
