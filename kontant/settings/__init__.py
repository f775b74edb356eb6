"""The settings of a deployment: read once, validated, and handed down as values that do not change.

They come from one file and the environment; `kontant/settings/file.py` says what may stand there.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import SecretStr

from auth.clients import Client
from auth.key_rotation import KeyRules
from auth.providers import IdentityProvider
from domain.identity.rules import CodeRules
from domain.operators.operator import Operator
from kontant.settings.clients import DEMO_CLIENTS
from kontant.settings.file import File, SettingsError, read_file
from kontant.settings.identity_providers import DEMO_CLIENT_SECRET, DEMO_PORTS_ON, demo_providers
from kontant.settings.limits import DocumentsSection, RatesSection
from persistence.places import EmbeddedPostgresError, data_folder, make_folder, write_privately

CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
SECRET_BYTES: Final = 32

__all__ = ["Settings", "SettingsError", "read_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this deployment has decided."""

    environment: Literal["development", "production"]
    host: str
    """The address to serve on."""
    port: int
    """Of the first operator; in development each further one has the next."""
    data_folder: Path
    """Where the embedded database, the log and, in development, the secret are kept."""
    secret: bytes = field(repr=False)
    """From which keys are derived that must be the same in every process."""
    database_server: str | None = field(repr=False)
    """A `postgresql://` URL; None means the embedded server."""
    database_application_password: str | None = field(repr=False)
    payment_wait_seconds: float
    worker_concurrency: int
    worker_poll_seconds: float
    audit_heads_folder: Path | None
    """Where heads of the audit log are published; None, in development only, means beside the database."""
    audit_head_seconds: float
    log: Literal["json", "text"] | None
    """How to log on the terminal; None means JSON, which `kontant run` puts into a file instead."""
    key_rules: KeyRules
    clients: Mapping[str, tuple[Client, ...]]
    """Who may ask the authorization server, by the operator's slug."""
    providers: Mapping[str, tuple[IdentityProvider, ...]]
    """Who vouches for people, by the operator's slug."""
    demo_identities_port: int | None
    """Where the demo's identity provider is served; None where nobody needs it."""
    code_rules: Mapping[str, CodeRules]
    """How often sign-in codes are sent and tried, by the operator's slug."""
    trusted_proxies: tuple[str, ...]
    """Addresses and networks whose `X-Forwarded-For` is believed."""
    rates: RatesSection
    documents: DocumentsSection
    web_origins: Mapping[str, tuple[str, ...]]
    """Of the web apps of each operator, by its short name."""
    operators: tuple[Operator, ...]

    @property
    def is_development(self) -> bool:
        """Whether this is somebody's own machine: GraphiQL, the outbox and the demo people are there."""
        return self.environment == "development"

    @property
    def log_file(self) -> Path | None:
        """Where `kontant run` keeps what its processes log; None when they log on the terminal."""
        return None if self.log else self.data_folder / "log" / "kontant.jsonl"

    def operator(self, slug: str) -> Operator:
        """The operator with this short name. Raises `SettingsError`."""
        for operator in self.operators:
            if operator.slug == slug:
                return operator
        known = ", ".join(operator.slug for operator in self.operators)
        raise SettingsError([f"operators: there is no {slug!r}, only {known}"])

    def file_of(self, operator: Operator, name: str) -> Path:
        """Where something of one operator's is kept beside the database. Its folder is made."""
        folder = self.data_folder / operator.slug
        make_folder(folder)
        return folder / name

    def heads_file_of(self, operator: Operator) -> Path:
        """Where this operator's heads of the audit log are published. A configured folder must be there."""
        if self.audit_heads_folder is None:
            return self.file_of(operator, "audit-heads.jsonl")
        return self.audit_heads_folder / f"{operator.slug}.jsonl"

    def port_of(self, operator: Operator) -> int:
        """Where this operator is served. In production the host tells them apart, so all share one port."""
        return self.port + (self.operators.index(operator) if self.is_development else 0)


def read_settings(checkout: Path = CHECKOUT) -> Settings:
    """The settings of `kontant.toml`, or of the file that KONTANT_SETTINGS names, and of the environment.

    Raises `SettingsError`, which names each setting that is wrong and says why.
    """
    file = read_file(Path(os.environ.get("KONTANT_SETTINGS") or checkout / "kontant.toml"))
    try:
        folder = file.data_folder.absolute() if file.data_folder else data_folder(checkout)
        _must_be_a_folder(folder)
        secret = file.secret.get_secret_value().encode() if file.secret else _development_secret(folder / "secret")
    except EmbeddedPostgresError as failure:
        raise SettingsError([f"data_folder: {failure}"]) from None
    except OSError as failure:
        raise SettingsError([f"data_folder: {failure.filename} cannot be used: {failure.strerror}"]) from None
    port = file.port + DEMO_PORTS_ON
    providers = {slug: _providers(file, slug, f"http://localhost:{port}") for slug in file.operators}
    is_asked = any(each.client_secret == DEMO_CLIENT_SECRET for of_one in providers.values() for each in of_one)
    return Settings(
        environment=file.environment,
        host=file.host,
        port=file.port,
        data_folder=folder,
        secret=secret,
        database_server=_plain(file.database_server),
        database_application_password=_plain(file.database_application_password),
        payment_wait_seconds=file.payment.wait_seconds,
        worker_concurrency=file.worker.concurrency,
        worker_poll_seconds=file.worker.poll_seconds,
        audit_heads_folder=file.audit.heads_folder and file.audit.heads_folder.absolute(),
        audit_head_seconds=file.audit.head_seconds,
        log=file.log,
        key_rules=file.signing_keys.to_rules(),
        clients={
            slug: (
                *(client.to_client(id) for id, client in section.clients.items()),
                *(DEMO_CLIENTS if file.environment == "development" else ()),
            )
            for slug, section in file.operators.items()
        },
        providers=providers,
        demo_identities_port=port if is_asked else None,
        code_rules={slug: section.sign_in.to_rules() for slug, section in file.operators.items()},
        trusted_proxies=file.trusted_proxies,
        rates=file.rates,
        documents=file.documents,
        web_origins={slug: section.web_origins for slug, section in file.operators.items()},
        operators=_operators(file),
    )


def _operators(file: File) -> tuple[Operator, ...]:
    return tuple(
        section.to_operator(slug, section.public_url or f"http://localhost:{file.port + index}")
        for index, (slug, section) in enumerate(file.operators.items())
    )


def _providers(file: File, slug: str, demo: str) -> tuple[IdentityProvider, ...]:
    """What the file says; on a developer's machine the demo's, where it says nothing."""
    section = file.operators[slug]
    named = [each.to_provider() for each in (section.electronic_id, section.staff_sign_in) if each]
    if file.environment == "development":
        kinds = {each.kind for each in named}
        named += [each for each in demo_providers(f"{demo}/{slug}") if each.kind not in kinds]
    return tuple(named)


def _must_be_a_folder(path: Path) -> None:
    """It, or what is there of the way to it."""
    there = next(each for each in (path, *path.parents) if each.exists())
    if not there.is_dir():
        raise SettingsError([f"data_folder: {there} is not a folder"])


def _development_secret(path: Path) -> bytes:
    """Made once. Two processes that start at the same time end with the same one."""
    if not path.exists():
        make_folder(path.parent)
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        write_privately(mine, secrets.token_hex(SECRET_BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(mine)
        mine.unlink()
    return path.read_bytes()


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
