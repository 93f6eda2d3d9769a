"""What a command raises when it cannot do its work. `cli.main` prints the message and exits with the code.

The codes are told in docs/cli.md, which a test compares with these.
"""

INTERRUPTED = 130  # as shells say it: 128 + SIGINT


class CommandError(Exception):
    """The message says what failed, then what to do; one line."""

    exit_code = 1


class WrongUseError(CommandError):
    """Options or arguments that do not go together."""

    exit_code = 2


class NotSignedInError(CommandError):
    """Nobody is signed in, or not any more."""

    exit_code = 3


class UnreachableError(CommandError):
    """The host does not answer, or something that it needs does not."""

    exit_code = 4
