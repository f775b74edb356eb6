"""What may stand in `kontant.toml` and in the environment, and what is wrong with it otherwise."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import urlsplit

import pydantic_settings
from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from auth.providers import ProviderKind
from kontant.settings.clients import SigningKeysSection
from kontant.settings.identity_providers import DEMO_PORTS_ON
from kontant.settings.limits import DocumentsSection, RatesSection
from kontant.settings.sections import AuditSection, MessagesSection, OperatorSection, PaymentSection, WorkerSection
from kontant.settings.values import Networks, OwnAddress, is_safe

PREFIX: Final = "KONTANT_"
LEAST_SECRET_BYTES: Final = 32


class SettingsError(Exception):
    """Settings are wrong: a line for each, which begins with its name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class File(BaseSettings):
    """The whole file, the environment laid over it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="forbid", frozen=True
    )

    environment: Literal["development", "production"] = "production"
    host: OwnAddress = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    data_folder: Path | None = None
    secret: SecretStr | None = None
    database_server: SecretStr | None = None
    database_application_password: SecretStr | None = None
    log: Literal["json", "text"] | None = None
    payment: PaymentSection = PaymentSection()
    messages: MessagesSection = MessagesSection()
    worker: WorkerSection = WorkerSection()
    signing_keys: SigningKeysSection = SigningKeysSection()
    audit: AuditSection = AuditSection()
    trusted_proxies: Networks = ()
    rates: RatesSection = RatesSection()
    documents: DocumentsSection = DocumentsSection()
    operators: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")], OperatorSection], Field(min_length=1)
    ]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return env_settings, init_settings


def read_file(path: Path) -> File:
    """Reads and validates. Raises `SettingsError`."""
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text())
    except OSError as failure:
        raise SettingsError([f"KONTANT_SETTINGS: {path} cannot be read: {failure.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise SettingsError([f"KONTANT_SETTINGS: {path} is not TOML: {failure}"]) from None
    if port := os.environ.get("PORT"):
        content["port"] = port
    _refuse_unknown_variables(os.environ)
    _refuse_secrets(content)
    try:
        file = File(**content)
    except ValidationError as failure:
        errors = failure.errors(include_input=False, include_url=False)
        raise SettingsError([_in_words(error) for error in errors if not _is_echo(error, errors)]) from None
    except pydantic_settings.SettingsError:
        raise SettingsError(_not_json(os.environ)) from None
    problems = _conflicts(file)
    if problems:
        raise SettingsError(problems)
    return file


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """A misspelt variable would otherwise do nothing, in silence. KONTANT_TEST_… are the tests' own."""
    known = {f"{PREFIX}{name.upper()}" for name in File.model_fields} | {f"{PREFIX}SETTINGS"}
    problems = [
        f"{name}: there is no such setting"
        for name in sorted(environment)
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_") and name.split("__")[0] not in known
    ]
    if problems:
        raise SettingsError(problems)


def _refuse_secrets(content: Mapping[str, Any]) -> None:
    """A file is copied, shown and kept where a secret must not be."""
    problems = [
        f"operators.{slug}.{kind}.client_secret: is a secret, and given in the environment only: "
        f"{PREFIX}OPERATORS__{slug.upper()}__{kind.upper()}__CLIENT_SECRET"
        for slug, operator in _table(content.get("operators")).items()
        for kind in ProviderKind
        if "client_secret" in _table(_table(operator).get(kind.value))
    ]
    if problems:
        raise SettingsError(problems)


def _table(value: Any) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _not_json(environment: Mapping[str, str]) -> list[str]:
    """Each variable by itself, since what reads them names none."""
    problems: list[str] = []
    for name, value in sorted(environment.items()):
        if name.startswith(PREFIX):
            source = EnvSettingsSource(File)
            source.env_vars = {name.lower(): value}
            try:
                source()
            except pydantic_settings.SettingsError:
                problems.append(f'{name}: lists and tables are given as JSON here, such as ["norrsken.example"]')
    return problems


def _is_echo(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Whether a list is wrong only because something in it is."""
    place = error["loc"]
    return any(len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in errors)


_SECTION: Final = "is a section: each setting in it is given by its own name"
_OURS: Final = {
    "missing": "is missing",
    "extra_forbidden": "there is no such setting",
    "model_type": _SECTION,
    "dict_type": _SECTION,
    "tuple_type": "must be a list",
}


def _in_words(error: ErrorDetails) -> str:
    name = ".".join(str(part) for part in error["loc"])
    variable = PREFIX + "__".join(str(part) for part in error["loc"]).upper()
    message = _OURS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return f"{variable if variable in os.environ else name}: {message}"


def _conflicts(file: File) -> list[str]:
    """What is wrong although each setting is right by itself."""
    problems: list[str] = []
    if file.documents.registered_only and not file.documents.folder:
        problems.append("documents.registered_only: then documents.folder must say where they are")
    if file.secret and len(file.secret.get_secret_value().encode()) < LEAST_SECRET_BYTES:
        problems.append(f"secret: must have at least {LEAST_SECRET_BYTES} bytes")
    for host, count in Counter(host for operator in file.operators.values() for host in operator.hosts).items():
        if count > 1:
            problems.append(f"operators: the host {host} is named more than once")
    for slug, operator in file.operators.items():
        for id, client in operator.clients.items():
            name = f"operators.{slug}.clients.{id}"
            problems += client.problems(name, is_development=file.environment == "development")
        for kind in ProviderKind:
            if section := getattr(operator, kind.value):
                problems += section.problems(f"operators.{slug}.{kind.value}")
    if file.environment == "development":
        if file.port + len(file.operators) - 1 > 65535:
            problems.append("port: there must be one more for each further operator")
        elif file.port + DEMO_PORTS_ON > 65535:
            problems.append(f"port: the demo's identity provider is {DEMO_PORTS_ON} above it, and that is none")
        return problems
    if not file.secret:
        problems.append("secret: is required in production (KONTANT_SECRET)")
    problems += _stand_ins(file)
    if not file.audit.heads_folder:
        problems.append("audit.heads_folder: is required in production")
    for slug, operator in file.operators.items():
        name = f"operators.{slug}.public_url"
        if not operator.public_url:
            problems.append(f"{name}: is required in production")
        elif urlsplit(operator.public_url).hostname not in operator.hosts:
            problems.append(f"{name}: its host must be one of operators.{slug}.hosts")
        elif not is_safe(operator.public_url):
            problems.append(f"{name}: must begin with https:// in production")
    return problems


def _stand_ins(file: File) -> list[str]:
    """What is only played must have been chosen by somebody who knows it."""
    problems: list[str] = []
    if file.payment.provider is None:
        problems.append(
            'payment.provider: is required in production. There is "sandbox" only, with which no money is moved: '
            "every payment method is made up, and what it pays for is credited"
        )
    if file.messages.carrier is None:
        problems.append(
            'messages.carrier: is required in production. There is "outbox" only, which sends nothing: messages, '
            "sign-in codes among them, are kept in a file in the data folder"
        )
    return problems
