"""The list of what failed: nothing of it is cut off, and no name acts on the terminal."""

from io import StringIO

import pytest
from rich.console import Console

from cli.bulk.failures import Failure, print_failures

FAILURES = [
    Failure(name="shared/z.pdf", reason="the file is password-protected; upload an unprotected copy"),
    Failure(name="shared/[red]a\x1b]0;x\x07.pdf", reason="the file is empty"),
]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_failures_are_listed_by_name_with_their_reasons(is_terminal: bool) -> None:
    shown = StringIO()
    console = Console(file=shown, force_terminal=is_terminal, color_system=None, width=100, soft_wrap=True)
    print_failures(FAILURES, console)
    lines = [line for line in shown.getvalue().splitlines() if "shared/" in line]
    assert ["the file is empty" in line for line in lines] == [True, False]
    assert "password-protected; upload an unprotected copy" in lines[1]
    assert "[red]a\\x1b]0;x\\x07.pdf" in lines[0]


def test_a_long_name_is_whole_on_a_narrow_terminal() -> None:
    shown = StringIO()
    name = "shared/" + "x" * 200
    print_failures(
        [Failure(name=name, reason="the file is empty")],
        Console(file=shown, force_terminal=True, color_system=None, width=60, soft_wrap=True),
    )
    assert shown.getvalue().count("x") == 200
