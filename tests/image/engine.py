"""What builds and runs the images: Debian's buildah and podman on a base of our own, or Docker on real ones.

`TEST_CONTAINER_ENGINE=docker` chooses Docker, which needs the container registries; a workflow does that.
Whatever is built here lies in folders of the tests' own; no other container of the machine is touched.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.image import base

ROOT = Path(__file__).resolve().parents[2]
NAME = "rag-functions"
BASE, FUNCTIONS_BASE = "localhost/python:3.13-slim", "localhost/functions-python:3.13"
_STORAGE = base.FOLDER / "storage"
_STATE = (
    Path("/run") / f"rag-functions-{hashlib.sha256(bytes(_STORAGE)).hexdigest()[:12]}"
)  # as the kernel's, gone with a reboot
_SECRET = base.FOLDER / "pip.conf"
_STORE = ("--root", str(_STORAGE), "--runroot", str(_STATE / "run"), "--storage-driver", "overlay")
_BUILDAH = ("buildah", *_STORE)
_PODMAN = (
    "podman",
    *_STORE,
    "--tmpdir",
    str(_STATE / "tmp"),
    "--runtime",
    "runc",
    "--cgroup-manager",
    "cgroupfs",
)
_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")
# A container of a test run that was killed ends by itself.
_LIFE = ("--timeout", "600")
# What the packages are made of: when it changes, all that was built of them is thrown away.
_INGREDIENTS = ("Dockerfile", "requirements.txt", "requirements-host.txt", "requirements-local.txt")
_FUNCTIONS_BASE = f"FROM {BASE}\nRUN python3 -m venv /opt/python\nENV PATH=/opt/python/bin:$PATH\n"


class Unavailable(Exception):
    """No image can be built here; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    is_docker: bool

    def build(self, target: str, *, tag: str, **arguments: str) -> str:
        """Build a target of the Dockerfile; the image's name. What was built before is not built again."""
        image = f"{NAME}:{tag}" if self.is_docker else f"localhost/{NAME}:{tag}"
        command = ["docker", "build"] if self.is_docker else [*_BUILDAH, "build", *_build_options()]
        for name, value in arguments.items():
            command += ["--build-arg", f"{name}={value}"]
        with _one_at_a_time():
            before = () if self.is_docker else self._ids(image)
            _run([*command, "--target", target, "--tag", image, str(ROOT)])
            for old in before:
                if old not in self._ids(image):
                    _run([*_BUILDAH, "rmi", old])
        return image

    def run_command(
        self,
        image: str,
        *options: str,
        name: str,
        arguments: Sequence[str] = (),
        is_read_only: bool = True,
    ) -> list[str]:
        """Runs it as the product is to be run, in the foreground: signals and the exit code are passed on."""
        own = [] if self.is_docker else [*_LIMITS, *_LIFE, "--no-healthcheck", "--read-only-tmpfs=false"]
        return [
            *self._command("run", *own, "--rm", "--name", name),
            *(("--read-only",) if is_read_only else ()),
            *("--tmpfs", "/tmp:mode=1777"),  # /data is a volume of the container's own
            *("--cap-drop", "all", "--security-opt", "no-new-privileges", "--memory", "1g"),
            *options,
            image,
            *arguments,
        ]

    def run(self, image: str, *options: str, script: str, arguments: Sequence[str] = ()) -> str:
        """What a Python script prints that runs in a new container of the image."""
        name = f"rag-image-{os.getpid()}-{os.urandom(3).hex()}"
        command = self.run_command(
            image, "--interactive", "--entrypoint", "python", *options, name=name, arguments=["-", *arguments]
        )
        return _run(command, script)

    def execute(self, container: str, *command: str, script: str = "") -> str:
        """What a command prints inside a container that runs."""
        return _run(self._command("exec", "--interactive", container, *command), script)

    def remove(self, container: str) -> None:
        subprocess.run(
            self._command("rm", "--force", "--volumes", container), check=False, capture_output=True
        )

    def inspect(self, image: str) -> dict[str, Any]:
        """Its configuration, and its `Size` in bytes."""
        (found,) = json.loads(_run(self._command("image", "inspect", image)))
        configuration = dict(found["Config"], Size=found["Size"])
        configuration.setdefault("Healthcheck", found.get("Healthcheck"))  # where podman has it
        return configuration

    def compressed(self, image: str) -> int:
        """The bytes of an image as a registry keeps it, or somewhat more: there it is packed more slowly."""
        packer, size = zlib.compressobj(level=1), 0
        with subprocess.Popen(self._command("save", image), stdout=subprocess.PIPE) as saving:
            assert saving.stdout is not None
            while piece := saving.stdout.read(1 << 20):
                size += len(packer.compress(piece))
        assert saving.returncode == 0
        return size + len(packer.flush())

    def _command(self, *words: str) -> list[str]:
        return [*(("docker",) if self.is_docker else _PODMAN), *words]

    def _ids(self, image: str) -> list[str]:
        return _run([*_BUILDAH, "images", "--quiet", "--filter", f"reference={image}"]).split()


def find_engine() -> Engine:
    """Errors: `Unavailable`."""
    if os.environ.get("TEST_CONTAINER_ENGINE") == "docker":
        return Engine(is_docker=True)
    missing = [program for program in ("buildah", "podman", "runc") if not shutil.which(program)]
    if missing:
        raise Unavailable(f"{' and '.join(missing)} missing: apt-get install buildah podman runc")
    with _one_at_a_time():
        try:
            base.install()
        except base.CannotInstall as error:
            raise Unavailable(str(error)) from error
        _prepare_storage()
    return Engine(is_docker=False)


def _prepare_storage() -> None:
    """With the base images in it, and nothing that was built of other packages than today's."""
    made_of = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in _INGREDIENTS)).hexdigest()
    stamp = base.FOLDER / "ingredients"
    if stamp.exists() and stamp.read_text() == made_of:
        return
    stamp.unlink(missing_ok=True)
    if _STORAGE.exists():
        _run([*_PODMAN, "rm", "--all", "--force"])
        _run([*_BUILDAH, "rmi", "--all", "--force"])
    _STATE.mkdir(exist_ok=True)
    container = _run([*_BUILDAH, "from", "scratch"]).strip()
    _run([*_BUILDAH, "add", container, str(base.TARBALL), "/"])
    _run([*_BUILDAH, "commit", "--rm", container, BASE])
    _run([*_BUILDAH, "build", "--isolation", "chroot", "--tag", FUNCTIONS_BASE, "-"], _FUNCTIONS_BASE)
    stamp.write_text(made_of)


def _build_options() -> list[str]:
    """How the machine's pip finds its packages is handed in as a secret: nothing of it stays in an image."""
    names = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")
    known = dict(line.split("=", 1) for line in _run(["python3", "-m", "pip", "config", "list"]).splitlines())
    values = {name: known.get(f"global.{name}", "").strip("'") for name in names}
    lines = [f"{name} = {value}" for name, value in values.items() if value and "file:" not in value]
    _SECRET.write_text("\n".join(["[global]", *lines, ""]))
    return [
        *(
            "--layers",
            "--format",
            "docker",
            "--isolation",
            "chroot",
            "--ignorefile",
            str(ROOT / ".dockerignore"),
        ),
        *("--secret", f"id=pip,src={_SECRET}"),
        *("--build-arg", f"BASE_IMAGE={BASE}", "--build-arg", f"FUNCTIONS_BASE_IMAGE={FUNCTIONS_BASE}"),
    ]


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Workers that run tests side by side share what is built."""
    base.FOLDER.mkdir(parents=True, exist_ok=True)
    with (base.FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str], entered: str = "") -> str:
    done = subprocess.run(command, check=False, input=entered, capture_output=True, text=True)
    if done.returncode != 0:
        said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        raise AssertionError(f"{' '.join(command[:9])} … ended with {done.returncode}:\n{said}")
    return done.stdout
