"""The command `kontant`, also as `python -m kontant`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs a command. What goes wrong in a foreseen way is a sentence on standard error, and exit code 1."""
    from kontant.cli import application

    try:
        application(prog_name="kontant")
    except _foreseen() as failure:
        sys.stderr.write(f"kontant: {failure}\n")
        sys.exit(1)


def _foreseen() -> tuple[type[Exception], ...]:
    """Looked up only when something has gone wrong: `kontant --help` need not wait for the database driver."""
    from auth.keys import WrongSecret
    from kontant.database import AlreadyRunningError
    from kontant.settings import SettingsError
    from kontant.supervisor import RunFailedError
    from persistence.load import CannotLoad
    from persistence.places import EmbeddedPostgresError
    from persistence.servers import DatabaseServerError

    return (
        AlreadyRunningError,
        CannotLoad,
        DatabaseServerError,
        EmbeddedPostgresError,
        RunFailedError,
        SettingsError,
        WrongSecret,
    )


if __name__ == "__main__":
    main()
