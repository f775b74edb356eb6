"""The database server of this deployment, and who may start and stop it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from kontant.settings import Settings, SettingsError
from persistence.embedded import EmbeddedPostgres
from persistence.places import make_folder
from persistence.servers import DatabaseServer, DatabaseServerError


class AlreadyRunningError(Exception):
    """Another command of ours has the data folder. The message is a sentence that names it."""


def embedded_postgres(settings: Settings) -> EmbeddedPostgres:
    """The embedded server of this deployment, whether or not it runs."""
    return EmbeddedPostgres(settings.data_folder / "postgres")


def server_of(settings: Settings) -> DatabaseServer:
    """Where the databases are. The embedded server must have been started once. Raises `SettingsError`."""
    if settings.database_server is None:
        return DatabaseServer.embedded(embedded_postgres(settings))
    with naming_its_setting(settings):
        password = settings.database_application_password
        return DatabaseServer.at(settings.database_server, application_password=password)


@contextmanager
def naming_its_setting(settings: Settings) -> Generator[None]:
    """What is wrong with a server that somebody has named is told by the setting's name. Raises `SettingsError`."""
    try:
        yield
    except DatabaseServerError as wrong:
        if settings.database_server is None:
            raise
        raise SettingsError([f"database_server: {wrong}"]) from None


@contextmanager
def started_server(settings: Settings, command: str) -> Generator[DatabaseServer]:
    """The database server, for one command: started for it and stopped after it, unless it runs anyway."""
    if settings.database_server is not None:
        with naming_its_setting(settings):
            yield server_of(settings)
        return
    postgres = embedded_postgres(settings)
    try:
        with alone(settings, command):
            with postgres:
                yield server_of(settings)
            return
    except AlreadyRunningError:
        postgres.start()  # whoever has it starts it too, and will stop it
    yield server_of(settings)


@contextmanager
def alone(settings: Settings, command: str) -> Generator[bool]:
    """Keeps other commands from starting or stopping the server. Yields whether the last one ended as it should.

    Raises `AlreadyRunningError`.
    """
    path = settings.data_folder / "running"
    make_folder(settings.data_folder)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(_who_has(path)) from None
        file.seek(0)
        was_clean = not file.read()
        file.truncate(0)
        file.write(f"kontant {command} (process {os.getpid()})")
        file.flush()
        try:
            yield was_clean
        finally:
            file.truncate(0)


def _who_has(path: Path) -> str:
    who = "another command"
    with suppress(OSError):
        who = path.read_text() or who
    return f"Already running here: {who}. Stop it first."
