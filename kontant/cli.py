"""The command line. Each command loads what it needs and no more, so that `kontant --help` answers at once."""

from __future__ import annotations

import asyncio
import gc
import json
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kontant.audit_commands import audit
from kontant.identity_number_commands import identity_numbers

if TYPE_CHECKING:
    from domain.operators.operator import Operator
    from kontant.progress import Progress
    from kontant.settings import Settings

SCHEMA = Path(__file__).resolve().parent.parent / "schema.graphql"
KEPT_AT_RESET = ("running", "place", "postgresql-", "test")  # who is here and where; binaries; what tests have made

application = typer.Typer(
    name="kontant",
    help="Self-service for prepaid cards: a GraphQL API, its worker, and their database.",
    epilog="Settings: kontant.toml and KONTANT_... in the environment. Exit codes: 0 done, 1 failed, 2 wrong usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
application.add_typer(audit, name="audit")
application.add_typer(identity_numbers, name="identity-numbers")

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")]
OfOperator = Annotated[str | None, typer.Option("--operator", help="For one operator only, such as norrsken.")]
SupervisedBy = Annotated[int | None, typer.Option(hidden=True, help="The pipe that `kontant run` holds.")]


@application.callback(invoke_without_command=True)
def _about(
    context: typer.Context, show_version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    if show_version:
        typer.echo(version("kontant"))
        raise typer.Exit


@application.command()
def run(as_json: Json = False) -> None:
    """Start everything: database, API, worker; migrate, and seed demo data the first time."""
    begun_at = time.monotonic()
    from kontant.banner import banner, facts
    from kontant.supervisor import Supervisor

    settings = _settings()

    def on_ready() -> None:
        typer.echo(json.dumps(facts(settings)) if as_json else banner(settings, time.monotonic() - begun_at))

    asyncio.run(Supervisor(settings, on_ready).run())


@application.command()
def serve(supervised_by: SupervisedBy = None) -> None:
    """Serve the API."""
    with _loading():
        from kontant.serving import serve

    _work_on(serve, supervised_by, "serve")


@application.command()
def work(supervised_by: SupervisedBy = None) -> None:
    """Do what is to be done later: timed and retried work, and what follows from events."""
    with _loading():
        from kontant.working import work

    _work_on(work, supervised_by, "work")


@application.command(hidden=True)
def vouch(supervised_by: SupervisedBy = None) -> None:
    """Serve the demo's identity provider. Only in development."""
    with _loading():
        from kontant.vouching import vouch

    if _settings().demo_identities_port is None:
        _fail("there is nobody to vouch for: identity providers are configured, or this is production.")
    _work_on(vouch, supervised_by, "vouch")


@application.command()
def migrate(as_json: Json = False) -> None:
    """Make the databases, or bring them up to date."""
    from kontant.database import started_server
    from kontant.supervisor import migrate_if_needed
    from persistence.servers import database_of

    settings = _settings()
    migrated: dict[str, bool] = {}
    with started_server(settings, "migrate") as server:
        for operator in settings.operators:
            asyncio.run(server.provision(database_of(operator)))
            migrated[operator.slug] = asyncio.run(migrate_if_needed(server, operator))
    if as_json:
        typer.echo(json.dumps({"migrated": migrated}))
    else:
        for slug, was_needed in migrated.items():
            typer.echo(f"{slug}: {'migrated' if was_needed else 'was up to date'}")


@application.command()
def seed(
    cards: Annotated[
        int | None, typer.Option(min=1, help="How many cards for load there shall be, beside the demo's.")
    ] = None,
    operator: Annotated[str | None, typer.Option(help="For one operator only, such as norrsken.")] = None,
    as_json: Json = False,
) -> None:
    """Make the demo data, or those that are missing of many cards for load. Interrupted, it goes on where it was."""
    from kontant.database import started_server
    from kontant.progress import watched

    settings = _settings()
    chosen = [settings.operator(operator)] if operator else list(settings.operators)
    begun_at = time.monotonic()
    with started_server(settings, "seed"), watched() as progress:
        told = {one.slug: asyncio.run(_seeded(settings, one, cards, progress)) for one in chosen}
    seconds = round(time.monotonic() - begun_at, 1)
    if as_json:
        typer.echo(json.dumps({"operators": list(told), "cards": cards, "seconds": seconds}))
    else:
        typer.echo("\n".join(f"{slug}: {what}" for slug, what in told.items()) + f" ({seconds} s)")


async def _seeded(settings: Settings, operator: Operator, cards: int | None, progress: Progress) -> str:
    """Seeds one operator, and says what came of it."""
    if cards is None:
        from kontant.demo import is_seeded, seed_demo

        if await is_seeded(settings, operator):
            return "the demo data are already there"
        await seed_demo(settings, operator, progress)
        return "demo data made"
    from kontant.load import seed_cards

    loaded = await seed_cards(settings, operator, cards, progress)
    return f"{loaded.made:,} cards made" if loaded.made else f"already there: {loaded.there:,} cards"


@application.command()
def schema(
    write: Annotated[bool, typer.Option("--write", help=f"Write it to {SCHEMA.name}.")] = False,
    check: Annotated[bool, typer.Option("--check", help=f"Fail when {SCHEMA.name} says something else.")] = False,
) -> None:
    """Print the GraphQL schema."""
    if write and check:
        raise typer.BadParameter("One of --write and --check will do: what has just been written is always the same.")
    from api.schema import sdl

    text = sdl()
    if check:
        _compare(text)
    elif write:
        SCHEMA.write_text(text)
    else:
        typer.echo(text, nl=False)


@application.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete the development data: databases, payments, secret and logs."""
    from kontant.database import alone, embedded_postgres

    settings = _settings()
    if not settings.is_development:
        _fail("there is nothing to reset in production.")
    if settings.database_server is not None:
        _fail("the databases are on a server of yours: drop them there.")
    with alone(settings, "reset"):
        if not yes and not typer.confirm(f"Delete everything in {settings.data_folder}?"):
            raise typer.Exit(1)
        embedded_postgres(settings).stop()
        for path in settings.data_folder.iterdir():
            if not path.name.startswith(KEPT_AT_RESET):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    typer.echo("Deleted. The next start begins anew.")


keys = typer.Typer(
    help="The keys that sign tokens: which there are, and the next one.", no_args_is_help=True, rich_markup_mode=None
)
application.add_typer(keys, name="keys")


@keys.command("list")
def list_keys(operator: OfOperator = None, as_json: Json = False) -> None:
    """Show the keys: which one signs, which is only published, which has signed."""
    _show_keys(operator, as_json, rotate=False)


@keys.command("rotate")
def rotate_keys(operator: OfOperator = None, as_json: Json = False) -> None:
    """Publish the next key now; it signs when everybody knows it. Does nothing while one waits for that already."""
    _show_keys(operator, as_json, rotate=True)


@keys.command("withdraw")
def withdraw_key(
    key_id: Annotated[str, typer.Argument(help="As `kontant keys list` shows it.")],
    operator: Annotated[str, typer.Option(help="Whose key it is: the short name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a key away that may be in other hands. What it signed is dead within two minutes; another signs at once.

    Nobody has to sign in again: apps are given new tokens for their refresh tokens, which no key has signed.
    """
    from kontant.database import started_server
    from kontant.keys import withdraw

    settings = _settings()
    chosen = settings.operator(operator)
    if not yes and not typer.confirm(f"Withdraw {key_id} of {chosen.name} for good?"):
        raise typer.Exit(1)
    with started_server(settings, "keys"):
        if not asyncio.run(withdraw(settings, chosen, key_id)):
            _fail(f"{chosen.name} has published no key {key_id}.")
    typer.echo(f"Withdrawn: {key_id}")


def _show_keys(operator: str | None, as_json: bool, *, rotate: bool) -> None:
    from kontant.database import started_server
    from kontant.keys import keys_of

    settings = _settings()
    chosen = [settings.operator(operator)] if operator else list(settings.operators)
    with started_server(settings, "keys"):
        found = asyncio.run(keys_of(settings, chosen, rotate=rotate))
    if as_json:
        typer.echo(json.dumps({"keys": found}))
        return
    for slug, kept in found.items():
        for key in kept:
            until = f", gone at {key['goneAt']}" if key["goneAt"] else ""
            typer.echo(f"{slug}  {key['id']}  {key['state']:<9}  signs from {key['signsFrom']}{until}")


def _settings() -> Settings:
    from kontant.settings import read_settings

    return read_settings()


@contextmanager
def _loading() -> Generator[None]:
    """Modules are loaded for good: to look for garbage among them takes a tenth of the time, then and ever after."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def _work_on(task: Callable[[Settings], Awaitable[Any]], supervised_by: int | None, command: str) -> None:
    import uvloop

    from kontant.children import wait_to_begin
    from kontant.database import started_server
    from kontant.logs import configure_logs

    settings = _settings()
    configure_logs(settings.log or "json")

    async def until_stopped() -> None:
        await task(settings)

    if supervised_by is not None:
        wait_to_begin(supervised_by)
        uvloop.run(until_stopped())
        return
    with started_server(settings, command):
        uvloop.run(until_stopped())


def _compare(text: str) -> None:
    from difflib import unified_diff

    kept = SCHEMA.read_text() if SCHEMA.exists() else ""
    if kept == text:
        return
    difference = unified_diff(kept.splitlines(True), text.splitlines(True), SCHEMA.name, "the code")
    sys.stdout.writelines(difference)
    _fail(f"{SCHEMA.name} is not what the code says. Write it anew: make schema")


def _fail(sentence: str) -> None:
    typer.echo(f"kontant: {sentence}", err=True)
    raise typer.Exit(1)
