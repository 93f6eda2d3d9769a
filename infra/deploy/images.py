"""The image that AKS runs, always named by its digest. Used by infra/deploy/__main__.py and cluster.py."""

import re
from pathlib import Path

from infra.deploy.commands import DeploymentError, az, is_installed, run
from infra.deploy.revisions import extract

_NAME = "rag-functions"
_BY_DIGEST = re.compile(r"([\w.:/-]+)@(sha256:[0-9a-f]{64})")


def parts_of(image: str) -> tuple[str, str]:
    """Repository and digest.

    Errors: `DeploymentError` for a tag: tomorrow, and in the next environment, it may name another image.
    """
    match = _BY_DIGEST.fullmatch(image)
    if match is None:
        raise DeploymentError(f"IMAGE has to name a digest, registry/{_NAME}@sha256:…, and is {image!r}")
    return match[1], match[2]


def provide_image(*, registry: str, server: str, image: str, revision: str, work: Path) -> str:
    """The image in this deployment's own registry: copied there as it is, else built here."""
    own = f"{server}/{_NAME}"
    if not image:
        source = extract(revision, ".", work / "source")
        return f"{own}@{_build(registry=registry, server=server, revision=revision, source=source)}"
    repository, digest = parts_of(image)
    if repository != own:
        az(
            "acr", "import", "--name", registry, "--source", image,
            "--image", f"{_NAME}:sha-{revision[:12]}", "--force",
        )  # fmt: skip
    return f"{own}@{digest}"


def check_image(image: str) -> None:
    """Before anything is changed."""
    if image:
        parts_of(image)
    elif not is_installed("docker"):
        raise DeploymentError(
            "say which image to run, IMAGE=registry/rag-functions@sha256:…, or install docker to build one"
        )


def _build(*, registry: str, server: str, revision: str, source: Path) -> str:
    tag = f"{server}/{_NAME}:sha-{revision[:12]}"
    run("az", "acr", "login", "--name", registry)
    run(
        "docker", "buildx", "build", "--platform", "linux/amd64", "--target", "standalone",
        "--build-arg", f"REVISION={revision}", "--tag", tag, "--push", ".",
        folder=source,
        is_shown=True,
    )  # fmt: skip
    digest: str = az(
        "acr", "repository", "show", "--name", registry, "--image", tag.partition("/")[2], "--query", "digest"
    )
    return digest
