"""What may stand in `kontant.toml` and in the environment, and what is wrong with it otherwise."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pydantic_settings
from babel import Locale, UnknownLocaleError
from babel.core import parse_locale
from babel.numbers import get_currency_precision, is_currency
from pydantic import (
    AfterValidator,
    Field,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from domain.operators.operator import Operator, TopUpOffer, TopUpRange
from kontant.settings_clients import APP_ALONE, CLIENT_ID, ClientSection, SigningKeysSection
from kontant.settings_limits import DocumentsSection, Networks, Origins, RatesSection, Section, is_safe

PREFIX: Final = "KONTANT_"
LEAST_SECRET_BYTES: Final = 32


class SettingsError(Exception):
    """Settings are wrong: a line for each, which begins with its name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _country(code: str) -> str:
    if not re.fullmatch("[A-Z]{2}", code) or code not in Locale("en").territories:
        raise ValueError(f"{code!r} is not a country by ISO 3166-1, such as SE")
    return code


def _currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError(f"{code!r} is not a currency by ISO 4217, such as SEK")
    return code


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone, such as Europe/Stockholm") from None
    return name


def _locale(tag: str) -> str:
    """A known language in a known country: the pair need not be one that CLDR lists, such as ru-LV."""
    try:
        language, territory, *_ = parse_locale(tag, sep="-")
        known = Locale(language).language and (territory is None or territory in Locale("en").territories)
    except (UnknownLocaleError, ValueError):
        known = False
    if not known:
        raise ValueError(f"{tag!r} is not a language and country by BCP 47, such as sv-SE")
    return tag


def _host(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", name):
        raise ValueError(f"{name!r} is not a host name in lower case, without a port")
    return name


def _own_address(name: str) -> str:
    """What can be served on. A name is looked up as it will be when the server starts."""
    last = name.rpartition(".")[2]
    try:
        if last.isdigit() or ":" in name:
            ipaddress.ip_address(name)
        else:
            _host(name.lower())
            socket.getaddrinfo(name, None)
    except (ValueError, OSError):
        raise ValueError(f"{name!r} is not an address or name of this machine, such as 127.0.0.1") from None
    return name


def _public_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not an address such as https://norrsken.example, without anything after the host")
    return url


def _ascending(amounts: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(amounts)):
        raise ValueError("the amounts must each be larger than the one before")
    return amounts


class RangeSection(Section):
    """`top_up.range`"""

    minimum_minor: PositiveInt
    maximum_minor: PositiveInt
    step_minor: PositiveInt

    @model_validator(mode="after")
    def _must_reach(self) -> Self:
        if self.maximum_minor < self.minimum_minor:
            raise ValueError("maximum_minor is less than minimum_minor")
        if (self.maximum_minor - self.minimum_minor) % self.step_minor:
            raise ValueError("no number of steps leads from minimum_minor to maximum_minor")
        return self


class TopUpSection(Section):
    """`[operators.….top_up]`"""

    fixed_minor: Annotated[tuple[PositiveInt, ...], AfterValidator(_ascending)] = ()
    range: RangeSection | None = None

    @model_validator(mode="after")
    def _must_offer(self) -> Self:
        if not self.fixed_minor and not self.range:
            raise ValueError("nothing is on offer: give fixed_minor, range, or both")
        return self

    def to_offer(self) -> TopUpOffer:
        reach = TopUpRange(**self.range.model_dump()) if self.range else None
        return TopUpOffer(fixed_minor=self.fixed_minor, range=reach)


class OperatorSection(Section):
    """`[operators.…]`"""

    name: Annotated[str, Field(min_length=1)]
    country: Annotated[str, AfterValidator(_country)]
    currency: Annotated[str, AfterValidator(_currency)]
    time_zone: Annotated[str, AfterValidator(_time_zone)]
    locales: Annotated[tuple[Annotated[str, AfterValidator(_locale)], ...], Field(min_length=1)]
    hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], Field(min_length=1)]
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    web_origins: Origins = ()
    top_up: TopUpSection
    card_active_months: PositiveInt = 12
    card_grace_months: PositiveInt = 3
    clients: Annotated[dict[Annotated[str, Field(pattern=CLIENT_ID)], ClientSection], Field(min_length=1)] = APP_ALONE

    def to_operator(self, slug: str, issuer: str) -> Operator:
        return Operator(
            slug=slug,
            name=self.name,
            country=self.country,
            currency=self.currency,
            currency_digits=get_currency_precision(self.currency),
            time_zone=self.time_zone,
            locales=self.locales,
            hosts=self.hosts,
            issuer=issuer,
            top_up_offer=self.top_up.to_offer(),
            card_active_months=self.card_active_months,
            card_grace_months=self.card_grace_months,
        )


class PaymentSection(Section):
    """`[payment]`"""

    provider: Literal["sandbox"] | None = None
    """In development the sandbox, also when nothing is said."""
    wait_seconds: Annotated[float, Field(gt=0, le=60)] = 8


class MessagesSection(Section):
    """`[messages]`"""

    carrier: Literal["outbox"] | None = None
    """In development the outbox, also when nothing is said."""


class WorkerSection(Section):
    """`[worker]`"""

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 10
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 2


class AuditSection(Section):
    """`[audit]`"""

    heads_folder: Path | None = None
    head_seconds: Annotated[float, Field(gt=0, le=3600)] = 60


class File(BaseSettings):
    """The whole file, the environment laid over it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="forbid", frozen=True
    )

    environment: Literal["development", "production"] = "production"
    host: Annotated[str, AfterValidator(_own_address)] = "127.0.0.1"
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
    if file.environment == "development":
        if file.port + len(file.operators) - 1 > 65535:
            problems.append("port: there must be one more for each further operator")
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
