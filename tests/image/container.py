"""A container of an image, as a host that tests talk to: `RealHost` with another process behind it."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.image.engine import Engine
from tests.real_host import RealHost


class Container(RealHost):
    """In the machine's network, as `Engine.run_command` runs it; `mounts` are files that it may read.

    `arguments`, and the environment's values, say `{port}` where they mean the port that was chosen.
    """

    def __init__(
        self,
        engine: Engine,
        image: str,
        folder: Path,
        *,
        environment: Mapping[str, str],
        mounts: tuple[str, ...],
        arguments: tuple[str, ...] = ("serve", "--host", "127.0.0.1", "--port", "{port}"),
        is_read_only: bool = True,
    ) -> None:
        super().__init__(folder / "data", models=folder / "models", environment=environment)
        self.name = f"rag-image-{os.getpid()}-{self.port}"
        self._engine = engine
        options = ["--network", "host"]
        for path in mounts:
            options += ["--volume", f"{path}:{path}:ro"]
        for name, value in environment.items():
            options += ["--env", f"{name}={value.replace('{port}', str(self.port))}"]
        self._command = engine.run_command(
            image,
            *options,
            name=self.name,
            arguments=[each.format(port=self.port) for each in arguments],
            is_read_only=is_read_only,
        )
        self._environment = dict(os.environ)

    def kill(self) -> None:
        self._is_meant_to_end = True
        self._engine.remove(self.name)
        self.process.wait(60)

    def run(self, script: str, *arguments: str) -> str:
        """What a Python script prints beside the host, in its container."""
        return self._engine.execute(self.name, "python", "-", *arguments, script=script)
