"""What stands in for `az`, `kubectl` and the others: it writes down its calls and answers by a table.

Started by the tests under each of these names. `world.json` in the folder FAKES has the table, `answers` by
what a call begins with, and says which call is to `fail` and how many `times`. What is released is written to
files of its own, by which stand-ins of the product behave.
"""

import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["FAKES"])
GIVEN = ("MONGODB_PASSWORD", "SWA_CLI_DEPLOYMENT_TOKEN", "BUDGET_START")


def main() -> int:
    program, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    called = " ".join([program, *arguments])
    call = {
        "called": called,
        "folder": str(Path.cwd()),
        "environment": {name: os.environ[name] for name in GIVEN if name in os.environ},
    }
    with (FOLDER / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(call) + "\n")
    world = json.loads((FOLDER / "world.json").read_text())
    if world["fail"] and world["fail"] in called and failures() < world["times"]:
        (FOLDER / "failures").write_text(str(failures() + 1))
        sys.stderr.write(world["said"])
        return 1
    release(called)
    for beginning, answer in world["answers"].items():
        if called.startswith(beginning):
            sys.stdout.write(json.dumps(answer))
            return 0
    return 0


def failures() -> int:
    file = FOLDER / "failures"
    return int(file.read_text()) if file.exists() else 0


def release(called: str) -> None:
    words = called.split()
    if "config-zip" in words:
        (FOLDER / "functions").write_text(Path(words[words.index("--src") + 1]).stem)
    if "apply" in words:
        (FOLDER / "aks").write_text("new")
    if "undo" in words:
        (FOLDER / "aks").write_text("old")


if __name__ == "__main__":
    sys.exit(main())
