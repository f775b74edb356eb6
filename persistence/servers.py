"""What a database server is to Kontant: one database an operator, the role that owns it, and the role that works in it.

Migrations run as the owner; everything else as `kontant_app`, which can neither change tables nor grant itself more.
What it may do with each table is said in the migrations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

from domain.operators.operator import Operator
from persistence.embedded import SUPERUSER, EmbeddedPostgres

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

APPLICATION_ROLE: Final = "kontant_app"
OWNER_ROLE: Final = "kontant_owner"
OLDEST_VERSION: Final = 15

# A statement of ours that takes longer is stuck; and an open transaction holds back the readers of the event log.
# Our statements find rows by their keys, whatever the values: PostgreSQL is not to plan them anew for each, which it
# otherwise does wherever a parameter is an array, and which takes it longer than to carry them out.
APPLICATION_SETTINGS: Final = {
    "idle_in_transaction_session_timeout": "30s",
    "jit": "off",
    "lock_timeout": "2s",
    "plan_cache_mode": "force_generic_plan",
    "statement_timeout": "30s",
}
ANY_NUMBER: Final = 0x6B6F6E74  # of the advisory lock under which roles are made


class DatabaseServerError(Exception):
    """The server cannot be used. The message is a sentence for the person who named it, without the password."""


@dataclass(frozen=True, slots=True)
class Login:
    """A role and its password; none where the server asks for none."""

    role: str
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServer:
    """Where the server is, and as whom to be there. `administrator` makes databases and roles."""

    host: str
    port: int
    administrator: Login
    owner: Login
    application: Login
    maintenance_database: str = "postgres"
    options: str = ""
    """What else the URL said, such as `sslmode=require`."""

    @classmethod
    def embedded(cls, server: EmbeddedPostgres) -> Self:
        """The embedded server, which must have been started once."""
        administrator, owner, application = (
            Login(role, server.password(role)) for role in (SUPERUSER, OWNER_ROLE, APPLICATION_ROLE)
        )
        return cls(
            host="127.0.0.1", port=server.port, administrator=administrator, owner=owner, application=application
        )

    @classmethod
    def at(cls, url: str, *, application_password: str | None = None) -> Self:
        """The server that a URL names: `postgresql://user:password@host:port[/database][?sslmode=…]`.

        Its user makes and owns the databases. The application's role has the same password, unless one is given.
        Raises `DatabaseServerError`.
        """
        parts = urlsplit(url)
        try:
            port = parts.port or 5432
        except ValueError:
            port = 0
        if parts.scheme not in ("postgresql", "postgres") or not parts.hostname or not parts.username or not port:
            raise DatabaseServerError("a database server is named as postgresql://user:password@host:port")
        owner = Login(unquote(parts.username), unquote(parts.password) if parts.password else None)
        if owner.role == APPLICATION_ROLE:
            raise DatabaseServerError(f"{APPLICATION_ROLE} is the application's role, and must not own the databases")
        return cls(
            host=parts.hostname,
            port=port,
            administrator=owner,
            owner=owner,
            application=Login(APPLICATION_ROLE, application_password or owner.password),
            maintenance_database=unquote(parts.path.lstrip("/")) or "postgres",
            options=parts.query,
        )

    def owner_url(self, database: str) -> str:
        """Where migrations connect, as a plain `postgresql://` URL."""
        return self._url(database, self.owner)

    @property
    def administrator_url(self) -> str:
        """Where databases are made and dropped."""
        return self._url(self.maintenance_database, self.administrator)

    def application_url(self, database: str) -> str:
        """Where everything else connects, as a plain `postgresql://` URL."""
        return self._url(database, self.application)

    async def provision(self, database: str) -> None:
        """Makes the database and the roles where they are missing. Two that do it at once do no harm.

        Raises `DatabaseServerError`.
        """
        try:
            # Through PgBouncer no prepared statement may be kept, and here nothing is gained by keeping one.
            connection = await asyncpg.connect(self.administrator_url, statement_cache_size=0, timeout=10)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
            raise DatabaseServerError(f"PostgreSQL at {self.host}:{self.port} does not let us in: {failure}") from None
        try:
            version = connection.get_server_version()
            if version.major < OLDEST_VERSION:
                raise DatabaseServerError(
                    f"PostgreSQL at {self.host}:{self.port} is version {version.major}; "
                    f"Kontant needs {OLDEST_VERSION} or later."
                )
            await self._make(connection, database, version.major)
        except asyncpg.PostgresError as failure:
            raise DatabaseServerError(f"The database {database} could not be made: {failure}") from None
        finally:
            await connection.close()

    async def _make(self, connection: Connection, database: str, version: int) -> None:
        async with connection.transaction():
            await connection.execute(f"select pg_advisory_xact_lock({ANY_NUMBER})")
            for login in {self.owner.role: self.owner, self.application.role: self.application}.values():
                if not await connection.fetchval("select 1 from pg_roles where rolname = $1", login.role):
                    await connection.execute(f"create role {_name(login.role)} login {_password_clause(login)}")
            exists = await connection.fetchval("select 1 from pg_database where datname = $1", database)
        if not exists:
            await self._create_database(connection, database, version)
        async with connection.transaction():
            await connection.execute(f"select pg_advisory_xact_lock({ANY_NUMBER})")
            await self._set_limits(connection, database)

    async def _create_database(self, connection: Connection, database: str, version: int) -> None:
        """Texts are sorted and compared by code point: the same on every server, whatever its locale."""
        locale = "lc_collate 'C' lc_ctype 'C.UTF-8'"
        if version >= 17:
            locale = "locale 'C' locale_provider builtin builtin_locale 'C.UTF-8'"
        owner = "" if self.owner == self.administrator else f"owner {_name(self.owner.role)}"
        try:
            await connection.execute(
                f"create database {_name(database)} {owner} template template0 encoding 'UTF8' {locale}"
            )
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            return  # somebody else made it in this moment

    async def _set_limits(self, connection: Connection, database: str) -> None:
        kept: list[str] | None = await connection.fetchval(
            "select s.setconfig from pg_db_role_setting s"
            " join pg_database d on d.oid = s.setdatabase join pg_roles r on r.oid = s.setrole"
            " where d.datname = $1 and r.rolname = $2",
            database,
            self.application.role,
        )
        if sorted(kept or []) == sorted(f"{name}={value}" for name, value in APPLICATION_SETTINGS.items()):
            return
        role, place = _name(self.application.role), _name(database)
        await connection.execute(f"revoke all on database {place} from public")
        await connection.execute(f"grant connect on database {place} to {role}")
        for name, value in APPLICATION_SETTINGS.items():
            await connection.execute(f"alter role {role} in database {place} set {name} = {_text(value)}")

    def _url(self, database: str, login: Login) -> str:
        user = quote(login.role, safe="")
        if login.password is not None:
            user += f":{quote(login.password, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return urlunsplit(("postgresql", f"{user}@{host}:{self.port}", f"/{quote(database)}", self.options, ""))


def database_of(operator: Operator) -> str:
    """The name of an operator's database."""
    return f"kontant_{operator.slug}"


async def is_pooled(connection: Any) -> bool:
    """Whether PgBouncer stands between: then `statement_cache_size=0`, and LISTEN needs another way.

    It gives every client a number of its own, which is not that of any process of the server.
    """
    async with connection.transaction():  # in one, every statement of it meets the same process
        pid = await connection.fetchval("select pg_backend_pid()")
    return pid != connection.get_server_pid()


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(literal: str) -> str:
    return "'" + literal.replace("'", "''") + "'"


def _password_clause(login: Login) -> str:
    return f"password {_text(login.password)}" if login.password is not None else ""
