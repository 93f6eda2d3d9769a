"""Run while an image is built: imports the whole app, so that the bytecode of what it uses lies beside the
sources, and loads every library of its packages, so that one that `strip` has broken stops the build.
"""

import ctypes
import importlib
import pkgutil
import py_compile
import sys
import sysconfig
from pathlib import Path

PACKAGES = ("shared", "functions", "host", "cli", "evals")


def import_all(packages: tuple[str, ...]) -> list[str]:
    """Every module below them. What is not installed, by name: an image has one profile's packages only."""
    missing = set()
    for package in packages:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                if error.name is None or error.name.partition(".")[0] in packages:
                    raise
                missing.add(error.name)
    return sorted(missing)


def load_libraries(folder: Path) -> int:
    """How many there are. `OSError` for one that cannot be loaded."""
    libraries = [path for path in sorted(folder.rglob("*.so*")) if path.is_file()]
    for library in libraries:
        ctypes.CDLL(str(library))
    return len(libraries)


if __name__ == "__main__":
    absent = import_all(PACKAGES)
    py_compile.compile("/app/function_app.py", doraise=True)  # importing it would open an app
    loaded = load_libraries(Path(sysconfig.get_path("platlib")))
    sys.stdout.write(f"{loaded} libraries load; not installed: {', '.join(absent) or 'nothing'}\n")
