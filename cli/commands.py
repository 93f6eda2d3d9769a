"""How commands are declared: with examples, and with the host that they talk to. Used by cli.main and the
modules of its groups of commands.
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from cli.options import Email, Password, Url

if TYPE_CHECKING:
    import httpx

    from shared.settings import Settings

Function = TypeVar("Function", bound=Callable[..., None])

PROMPT = "$ "  # in front of an example


@dataclass(frozen=True, kw_only=True)
class Host:
    """Which host a command talks to, and who is to be signed in there. A parameter of this type stands for
    the options --url, --email and --password."""

    url: str | None = None
    email: str | None = None
    password: str | None = None

    def client(self, settings: "Settings | None" = None) -> AbstractContextManager["httpx.Client"]:
        """Signed in while it is open. Errors: `CommandError`, also for what fails inside."""
        from cli.client import signed_in
        from shared.settings import read_settings

        return signed_in(settings or read_settings(), url=self.url, email=self.email, password=self.password)


_OPTIONS = {"url": Url, "email": Email, "password": Password}


def group(text: str, *examples: str, shows_help: bool = True) -> typer.Typer:
    """A command that has commands."""
    return typer.Typer(no_args_is_help=shows_help, help=text, epilog=examples_of(*examples))


def command(
    app: typer.Typer, name: str | None = None, *, examples: tuple[str, ...], panel: str | None = None
) -> Callable[[Function], Function]:
    """Make the function a command of `app`, listed in this panel; its help shows the examples."""

    def register(function: Function) -> Function:
        app.command(name, epilog=examples_of(*examples), rich_help_panel=panel)(with_host(function))
        return function

    return register


def with_host(function: Callable[..., None]) -> Callable[..., None]:
    """The function as typer is to see it: with options in place of its `Host`, if it has one."""
    signature = inspect.signature(function, eval_str=True)
    wanted = [name for name, each in signature.parameters.items() if each.annotation is Host]
    if not wanted:
        return function

    def run(**given: Any) -> None:
        host = Host(**{option: given.pop(option) for option in _OPTIONS})
        function(**given, **{wanted[0]: host})

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        each.replace(kind=keyword) for each in signature.parameters.values() if each.annotation is not Host
    ] + [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in _OPTIONS.items()]
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def use_data(data: Path | None) -> None:
    """From here on the settings name this data folder: `function_app` reads them when it is imported."""
    if data is not None:
        from shared.settings import override_environment

        override_environment("data", str(data))


def examples_of(*examples: str) -> str:
    """At the end of a help: a line each: what stands in one paragraph is set as one."""
    return "\n\n".join(
        ["Examples:" if len(examples) > 1 else "Example:", *(PROMPT + each for each in examples)]
    )
