"""What others have written for browsers lies in web/vendor exactly as the list beside it says."""

import hashlib
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "web/vendor"
OUR_OWN = {"README.md", "SHA256SUMS"}


def test_every_vendored_file_is_the_one_that_is_listed() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    listed = {name.removeprefix("./"): digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name not in OUR_OWN
    }
    assert found == listed


def test_every_vendored_folder_has_its_licence_and_its_line() -> None:
    told = (VENDOR / "README.md").read_text()
    folders = [path for path in VENDOR.iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "LICENSE").is_file(), folder.name
        assert f"| `{folder.name}/` |" in told
