"""`kontant audit …`: for auditors, and for those who watch over a deployment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from domain.operators.operator import Operator
    from kontant.settings import Settings

audit = typer.Typer(
    help="Check the audit log against its seals and published heads.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Only = Annotated[str | None, typer.Option("--operator", help="For one operator only, such as norrsken.")]
Heads = Annotated[
    Path | None,
    typer.Option(
        "--heads", help="A copy of the published heads, kept elsewhere.", exists=True, file_okay=False, readable=True
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")]


@audit.command()
def verify(operator: Only = None, heads: Heads = None, as_json: Json = False) -> None:
    """Read every audit row, its seal and the published heads, and name the first row that is not as it was.

    Exit codes: 0 all is good, 1 something is bad or could not be read, 2 wrong usage.
    """
    from kontant import auditing
    from kontant.database import started_server
    from kontant.progress import watched

    settings = _settings()
    reports: dict[str, auditing.Report] = {}
    with started_server(settings, "audit verify"), watched() as progress:
        for one in _chosen(settings, operator):
            reports[one.slug] = asyncio.run(auditing.verify_audit(settings, one, heads, progress))
    if as_json:
        typer.echo(auditing.as_json(reports))
    else:
        for slug, report in reports.items():
            typer.echo(f"{slug}: {auditing.in_words(report)}")
    if any(report.bad for report in reports.values()):
        raise typer.Exit(1)


@audit.command(name="heads")
def show_heads(operator: Only = None, heads: Heads = None) -> None:
    """Print the published heads whose signatures are good, one JSON object a line, the oldest first."""
    from domain.audit.heads import BrokenHeads
    from kontant import auditing
    from kontant.database import started_server

    settings = _settings()

    async def show(one: Operator) -> None:
        async for head in auditing.published_heads(settings, one, heads):
            typer.echo(auditing.head_as_json(one, head))

    with started_server(settings, "audit heads"):
        for one in _chosen(settings, operator):
            try:
                asyncio.run(show(one))
            except BrokenHeads as broken:
                typer.echo(f"kontant: {one.slug}: {broken}", err=True)
                raise typer.Exit(1) from None


def _settings() -> Settings:
    from kontant.settings import read_settings

    return read_settings()


def _chosen(settings: Settings, slug: str | None) -> list[Operator]:
    if slug is None:
        return list(settings.operators)
    if slug not in {one.slug for one in settings.operators}:
        raise typer.BadParameter(f"there is no {slug!r}", param_hint="--operator")
    return [settings.operator(slug)]
