"""`kontant identity-numbers …`: for those who keep the keys."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer

identity_numbers = typer.Typer(
    help="The keys that seal national identity numbers.", no_args_is_help=True, rich_markup_mode=None
)


@identity_numbers.callback()
def _about() -> None:
    """Keeps `rotate` a command of its own: typer would fold a single one."""


@identity_numbers.command()
def rotate(
    operator: Annotated[str | None, typer.Option("--operator", help="For one operator only, such as norrsken.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")] = False,
) -> None:
    """Seal every identity number by a new version of the key. Safe while serving; interrupted, it goes on later."""
    from domain.registration.ports import Unreadable
    from kontant.database import started_server
    from kontant.identity_numbers import Rotation, rotate_identity_number_key
    from kontant.progress import watched
    from kontant.settings import read_settings

    settings = read_settings()
    chosen = [settings.operator(operator)] if operator else list(settings.operators)
    rotations: dict[str, Rotation] = {}
    with started_server(settings, "identity-numbers"), watched() as progress:
        for one in chosen:
            try:
                rotations[one.slug] = asyncio.run(rotate_identity_number_key(settings, one, progress))
            except Unreadable:
                message = f"{one.slug}: a number was changed, or was sealed with another secret than this deployment's."
                typer.echo(f"kontant: {message}", err=True)
                raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({"identityNumbers": {slug: asdict(each) for slug, each in rotations.items()}}))
        return
    for slug, each in rotations.items():
        typer.echo(f"{slug}: version {each.version} of the key seals now; {each.resealed} sealed anew")
