"""What a deployment is told: arguments first, then the environment. Used by infra/deploy/__main__.py."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

ROOT = Path(__file__).resolve().parents[2]
Step = Literal["all", "plan", "infrastructure", "release"]


@dataclass(frozen=True, kw_only=True)
class Options:
    environment: str
    resource_group: str
    location: str
    step: Step
    image: str  # by digest; empty: built here
    host: str  # of the Ingress; empty where there is no cluster
    is_confirmed: bool
    patience: float  # seconds for each thing that the smoke test waits for
    work: Path  # what is made on the way, and read by a later step


def read_options(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy", description="Deploys to Azure: docs/deploy.md"
    )
    parser.add_argument("--env", default="dev", choices=["dev", "prod"])
    parser.add_argument("--resource-group", default=os.environ.get("RESOURCE_GROUP", ""))
    parser.add_argument("--location", default=os.environ.get("LOCATION", ""))
    parser.add_argument("--image", default=os.environ.get("IMAGE", ""))
    parser.add_argument("--host", default=os.environ.get("API_HOST", ""))
    parser.add_argument("--step", default="all", choices=get_args(Step))
    parser.add_argument("--yes", action="store_true", help="deploy without asking")
    parser.add_argument(
        "--patience", type=float, default=900.0, help="seconds for what the smoke test waits for"
    )
    parser.add_argument("--work", type=Path, default=None)
    given = parser.parse_args(arguments)
    return Options(
        environment=given.env,
        resource_group=given.resource_group or f"rag-{given.env}",
        location=given.location,
        step=given.step,
        image=given.image,
        host=given.host,
        is_confirmed=given.yes,
        patience=given.patience,
        work=(given.work or ROOT / "dist/deploy" / given.env).resolve(),
    )
