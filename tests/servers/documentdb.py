"""DocumentDB, the engine behind Azure's MongoDB service: PostgreSQL with an extension, out of Debian testing.

`python -m tests.servers.documentdb install [folder]` puts it into a folder of its own (root and debootstrap
needed; three minutes, 1 GB; nothing to do the second time). `mongo` starts a server from there; nothing of
the machine's own PostgreSQL, if it has one, is touched.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers.process import start, temporary_folder

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "servers" / "documentdb"
_COMPLETE = "installed"  # a file that is written last
_NEWEST = (  # the extension names the PostgreSQL that it is for
    "apt-cache search --names-only '^postgresql-[0-9]+-documentdb$' | cut -d' ' -f1 | sort -V | tail -n1"
)
_INSTALL = f"""
set -e
export DEBIAN_FRONTEND=noninteractive
mount -t proc proc /proc
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
apt-get update -qq
extension=$({_NEWEST})
apt-get install -y -qq --no-install-recommends "$extension"
apt-get clean
binaries=$(ls -d /usr/lib/postgresql/*/bin)
ln -sfn "$binaries" /postgresql
rm -rf /template /srv/*
install -d -o postgres -g postgres -m 700 /template
cd /
run() {{ setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }}
run /postgresql/initdb -D /template -U postgres -E UTF8 --locale=C.UTF-8 --auth=trust --no-sync
cat >> /template/postgresql.conf <<'END'
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
cron.use_background_workers = on
cron.launch_active_jobs = off
listen_addresses = ''
documentdb.localhost_connection_string = 'host=/srv'
unix_socket_directories = '/srv'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
END
run /postgresql/pg_ctl -D /template -o "-c unix_socket_directories=/template" -w start
run /postgresql/psql -q -h /template -U postgres -d postgres -c 'CREATE EXTENSION documentdb CASCADE'
run /postgresql/pg_ctl -D /template -m fast -w stop
"""
_SERVE = """
mount --bind "$1" "$2/srv"
exec chroot "$2" setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig KILL \
    /postgresql/postgres -D /srv
"""


class CannotInstall(Exception):
    pass


def is_installed(folder: Path = FOLDER) -> bool:
    """Whether it can be started here."""
    return (folder / _COMPLETE).exists() and os.geteuid() == 0


def install(folder: Path) -> None:
    """Errors: `CannotInstall`, for people."""
    if (folder / _COMPLETE).exists():
        return
    if os.geteuid() != 0:
        raise CannotInstall("only root can (it makes a chroot)")
    if not (debootstrap := shutil.which("debootstrap")):
        raise CannotInstall("debootstrap is missing: apt-get install debootstrap")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run_quietly([debootstrap, "--variant=minbase", "--include=ca-certificates", "testing", folder, mirror()])
    lend_configuration(folder)
    # In a mount namespace of its own, so that nothing stays mounted whatever happens.
    run_quietly(["unshare", "--mount", "chroot", folder, "sh", "-c", _INSTALL])
    (folder / _COMPLETE).touch()


def serve(folder: Path = FOLDER) -> Path:
    """Start a new, empty one, for as long as this process lives; the folder of its socket."""
    home = temporary_folder("documentdb")
    data = home / "data"
    subprocess.run(["cp", "-a", folder / "template", data], check=True)
    start(
        ["unshare", "--mount", "sh", "-c", _SERVE, "serve", data, folder],
        log=home / "log",
        answers=lambda: any(line.endswith("ready") for line in _status(data)),
    )
    return data


def _status(data: Path) -> list[str]:
    """The server's own word on its state is the last line of its pid file."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def mirror() -> str:
    """Where this machine's apt finds Debian."""
    sources = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    text = "\n".join(source.read_text() for source in sources if source.is_file())
    found = re.search(r"^(?:deb\s.*?|URIs:\s*)(https?://\S+/debian)/?\s", text, re.MULTILINE)
    return found.group(1) if found else "http://deb.debian.org/debian"


def lend_configuration(folder: Path) -> None:
    """What the machine needs to reach the mirror (proxy, certificates, clock) is needed inside as well."""
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    wanted = ("Acquire::http", "Acquire::Check-")
    lines = [line for line in dump.splitlines() if line.startswith(wanted)]
    (folder / "etc/apt/apt.conf.d/00machine").write_text("\n".join(lines) + "\n")
    for name in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
        if (own := Path("/") / name).is_file():
            shutil.copyfile(own, folder / name)


def run_quietly(command: list[str | Path]) -> None:
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise CannotInstall(f"{command[0]} failed:\n{done.stdout[-2000:]}")


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] != "install" or len(arguments) > 2:
        print("usage: python -m tests.servers.documentdb install [folder]")
        return 2
    folder = Path(arguments[1]).resolve() if len(arguments) == 2 else FOLDER
    try:
        install(folder)
    except CannotInstall as error:
        print(f"DocumentDB is not installed: {error}")
        return 1
    print(f"DocumentDB is in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
