"""Debian's PostgreSQL 15 and PgBouncer, each with a folder, a port and passwords of its own.

A command with one for as long as it runs: python -m tests.conformance.support.servers postgresql_15|pgbouncer COMMAND…
It finds the URL in KONTANT_TEST_DATABASE_SERVER; of PostgreSQL alone there are two, for tests in two processes.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.conformance.support.places import (
    START_SECONDS,
    a_folder,
    a_server,
    call,
    free_ports,
    is_listening,
    last_words,
    owned_by_server,
    run_as_server,
    wait_until,
)
from tests.support.databases import OTHER_SERVER

BINARIES: Final = Path("/usr/lib/postgresql/15/bin")
PGBOUNCER: Final = "/usr/sbin/pgbouncer"
SUPERUSER: Final = "conformance"

# PgBouncer asks the server who may come in, so that a role that Kontant has just made can log in. `*` stands
# for every database, those included that do not exist yet.
PGBOUNCER_INI: Final = """\
[databases]
* = host=127.0.0.1 port={server_port} auth_user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
auth_query = select usename, passwd from pg_shadow where usename = $1
pool_mode = transaction
default_pool_size = 10
max_client_conn = 300
"""


@contextmanager
def postgresql_15() -> Generator[str]:
    """Yields the URL of a server with nothing in it, as its superuser."""
    with a_folder() as outer:
        folder = owned_by_server(outer / "postgresql")
        (port,) = free_ports(1)
        password = secrets.token_hex(16)
        (folder / "password").write_text(password)
        run_as_server(
            [str(BINARIES / "initdb"), f"--pgdata={folder}/data", f"--username={SUPERUSER}",
             f"--pwfile={folder}/password", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            folder,
        )  # fmt: skip
        settings = {
            "port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
            "full_page_writes": "off", "synchronous_commit": "off",
            "max_connections": "200", "log_min_messages": "warning",
        }  # fmt: skip
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        command = [str(BINARIES / "postgres"), "-D", f"{folder}/data", *options]
        with a_server(command, folder, stop_with=signal.SIGINT) as server:
            wait_until(
                lambda: server.poll() is None and _accepts(port),
                seconds=START_SECONDS,
                otherwise=lambda: f"PostgreSQL 15 did not start:{last_words(folder / 'server.log')}",
            )
            yield f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}"


@contextmanager
def pgbouncer(server_url: str) -> Generator[str]:
    """Stands in front of a PostgreSQL server, and lends its connections out for a transaction each. Yields its URL."""
    server_parts = urlsplit(server_url)
    with a_folder() as outer:
        folder = owned_by_server(outer / "pgbouncer")
        (port,) = free_ports(1)
        ini = PGBOUNCER_INI.format(server_port=server_parts.port, user=server_parts.username, port=port, folder=folder)
        (folder / "pgbouncer.ini").write_text(ini)
        (folder / "users.txt").write_text(f'"{server_parts.username}" "{server_parts.password}"\n')
        with a_server([PGBOUNCER, f"{folder}/pgbouncer.ini"], folder, stop_with=signal.SIGINT) as server:
            wait_until(
                lambda: server.poll() is None and is_listening(port),
                seconds=START_SECONDS,
                otherwise=lambda: f"PgBouncer did not start:{last_words(folder / 'server.log')}",
            )
            yield server_parts._replace(netloc=server_parts.netloc.replace(str(server_parts.port), str(port))).geturl()


def _accepts(port: int) -> bool:
    ask = [str(BINARIES / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    return subprocess.run(ask, check=False, timeout=10).returncode == 0


def main() -> int:
    server, *command = sys.argv[1:]
    with ExitStack() as stack:
        urls = [stack.enter_context(postgresql_15()) for _ in range(1 if server == "pgbouncer" else 2)]
        if server == "pgbouncer":
            urls = [stack.enter_context(pgbouncer(urls[0]))]
        return call(command, **{OTHER_SERVER: " ".join(urls)})


if __name__ == "__main__":
    sys.exit(main())
