"""Puts a release into each place, tries it there, and takes it back where it fails.

Used by infra/deploy/__main__.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.deploy.commands import DeploymentError, say


class Place(Protocol):
    name: str

    def place(self, revision: str) -> None: ...

    def undo(self) -> str:
        """Back to the release before; what holds now. Errors: `DeploymentError` where it is not."""
        ...


@dataclass(frozen=True, kw_only=True)
class Target:
    place: Place
    check: Callable[[], None]  # raises `DeploymentError` where the release is no good


class ReleaseError(DeploymentError):
    """What failed, and what each place runs now."""

    def __init__(self, why: DeploymentError, states: Sequence[str], *, is_undone: bool) -> None:
        super().__init__("\n".join([f"THE RELEASE FAILED: {why}", *states]))
        self.is_undone = is_undone


def release(targets: Sequence[Target], revision: str) -> None:
    """Place by place, so that one that fails leaves the next ones alone.

    Errors: `ReleaseError`, after all that was begun has been taken back, as far as it could be.
    """
    begun: list[Target] = []
    for target in targets:
        begun.append(target)
        try:
            say(f"{target.place.name}: releasing {revision[:12]}")
            target.place.place(revision)
            say(f"{target.place.name}: trying it")
            target.check()
        except DeploymentError as why:
            raise _undo(begun, targets, why) from why
        except Exception as why:  # whatever it was: what was begun is taken back
            raise _undo(begun, targets, DeploymentError(f"{type(why).__name__}: {why}")) from why


def _undo(begun: Sequence[Target], targets: Sequence[Target], why: DeploymentError) -> ReleaseError:
    say(f"FAILED: {why}")
    states, is_undone = [], True
    for target in reversed(begun):
        say(f"{target.place.name}: going back")
        try:
            state = target.place.undo()
        except DeploymentError as error:
            is_undone = False
            states.append(f"{target.place.name}: NOT TAKEN BACK, look at it now: {error}")
            continue
        try:
            target.check()
            states.append(f"{target.place.name}: {state}, and passes the smoke test")
        except DeploymentError as error:
            is_undone = False
            states.append(
                f"{target.place.name}: {state}, and FAILS the smoke test too, look at it now: {error}"
            )
    states += [f"{target.place.name}: untouched" for target in targets[len(begun) :]]
    return ReleaseError(why, states, is_undone=is_undone)
