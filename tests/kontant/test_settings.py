"""Settings: what is wrong is refused at start, by name and in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kontant.settings import Settings, SettingsError, read_settings

CHECKOUT = Path(__file__).resolve().parents[2]
GOOD = (CHECKOUT / "kontant.toml").read_text()
STAND_INS = [
    'payment.provider: is required in production. There is "sandbox" only, with which no money is moved: '
    "every payment method is made up, and what it pays for is credited",
    'messages.carrier: is required in production. There is "outbox" only, which sends nothing: messages, '
    "sign-in codes among them, are kept in a file in the data folder",
]
SECRET = "0123456789abcdef0123456789abcdef"
APP = "operators.norrsken.clients.kontant-app"


class Deployment:
    """A settings file and an environment, to be read."""

    def __init__(self, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self._file, self._environment = folder / "kontant.toml", environment
        self.text = GOOD
        self.set(KONTANT_SETTINGS=str(self._file), KONTANT_DATA_FOLDER=str(folder / "data"))

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._environment.setenv(name, value)

    def replace(self, old: str, new: str) -> None:
        assert old in self.text
        self.text = self.text.replace(old, new, 1)

    def read(self) -> Settings:
        self._file.write_text(self.text)
        return read_settings()

    def problems(self) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            self.read()
        return caught.value.problems


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.delenv("PORT", raising=False)
    return Deployment(tmp_path, monkeypatch)


def test_the_file_of_the_checkout_is_right(deployment: Deployment) -> None:
    settings = deployment.read()
    swedish, latvian = settings.operators
    assert (swedish.currency, swedish.time_zone, swedish.currency_digits) == ("SEK", "Europe/Stockholm", 2)
    assert latvian.locales == ("lv-LV", "ru-LV", "en")
    assert [settings.port_of(operator) for operator in settings.operators] == [8000, 8001]
    assert latvian.issuer == "http://localhost:8001"
    assert swedish.top_up_offer.offers(100_00)
    assert not swedish.top_up_offer.offers(101_00)
    assert latvian.top_up_offer.offers(77_00)
    assert not latvian.top_up_offer.offers(77_50)


@pytest.mark.parametrize("name", ["PORT", "KONTANT_PORT"])
def test_the_environment_wins_over_the_file(deployment: Deployment, name: str) -> None:
    deployment.set(**{name: "9100"})
    settings = deployment.read()
    assert [operator.issuer for operator in settings.operators] == ["http://localhost:9100", "http://localhost:9101"]


def test_the_development_secret_is_made_once_and_is_nobody_elses(deployment: Deployment, tmp_path: Path) -> None:
    first = deployment.read().secret
    assert len(first) >= 32
    assert deployment.read().secret == first
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o077 == 0


def test_no_secret_is_shown_when_settings_are_printed(deployment: Deployment) -> None:
    deployment.set(KONTANT_SECRET=SECRET, KONTANT_DATABASE_SERVER="postgresql://me:hushhush@db:5432")
    assert not re.search("hushhush|0123456789", repr(deployment.read()))


@pytest.mark.parametrize(
    ("old", "new", "name", "why"),
    [
        ('host = "127.0.0.1"', 'host = "999.1.1.1"', "host", "not an address or name of this machine"),
        ('host = "127.0.0.1"', 'host = "localhost:1"', "host", "not an address or name of this machine"),
        ('host = "127.0.0.1"', 'host = ""', "host", "not an address or name of this machine"),
        ("port = 8000", "port = 70000", "port", "less than or equal to 65535"),
        ("port = 8000", "port = 65535", "port", "one more for each further operator"),
        ("port = 8000", "prot = 8000", "prot", "no such setting"),
        ('environment = "development"', 'environment = "test"', "environment", "'development' or 'production'"),
        ("wait_seconds = 8", "wait_seconds = 0", "payment.wait_seconds", "greater than 0"),
        ("concurrency = 10", "concurrency = 'ten'", "worker.concurrency", "valid integer"),
        ('country = "SE"', 'country = "SWE"', "operators.norrsken.country", "ISO 3166-1"),
        ('currency = "SEK"', 'currency = "KR"', "operators.norrsken.currency", "ISO 4217"),
        ('currency = "EUR"\n', "", "operators.baltika.currency", "is missing"),
        ("Europe/Riga", "Europe/Rīga", "operators.baltika.time_zone", "IANA"),
        ("Europe/Riga", "../../etc/passwd", "operators.baltika.time_zone", "IANA"),
        ('"ru-LV"', '"ru_LV"', "operators.baltika.locales.1", "BCP 47"),
        ('"ru-LV"', '"xx-LV"', "operators.baltika.locales.1", "BCP 47"),
        ('["norrsken.localhost"]', "[]", "operators.norrsken.hosts", "at least 1"),
        ('["norrsken.localhost"]', '["norrsken.localhost:80"]', "operators.norrsken.hosts.0", "without a port"),
        ('["norrsken.localhost"]', '["baltika.localhost"]', "operators", "named more than once"),
        ("[5000, 10000,", "[10000, 5000,", "operators.norrsken.top_up.fixed_minor", "larger than the one before"),
        ("[300, 500,", "[0, 500,", "operators.baltika.top_up.fixed_minor.0", "greater than 0"),
        ("step_minor = 100", "step_minor = 7000", "operators.baltika.top_up.range", "number of steps"),
        ("maximum_minor = 10000", "maximum_minor = 100", "operators.baltika.top_up.range", "less than"),
        ("[operators.norrsken]", '[operators."Norr sken"]', "operators.Norr sken.[key]", "match pattern"),
        ("[payment]", "[payment", "KONTANT_SETTINGS", "is not TOML"),
        ('kind = "native"', 'kind = "spa"', f"{APP}.kind", "'native', 'web', 'staff' or 'resource_server'"),
        ('kind = "native"', 'kind = "resource_server"', APP, "has secret_sha256"),
        (
            'kind = "native"',
            f'kind = "native"\nclients.kontant-app.secret_sha256 = "{"0" * 64}"',
            APP,
            "keeps no secret",
        ),
        ("com.example.norrsken:/signed-in", "norrsken:/signed-in", f"{APP}.redirect_uris.0", "a domain backwards"),
        ("http://127.0.0.1/signed-in", "http://app.example/in", f"{APP}.redirect_uris.1", "must begin with https"),
        ("http://127.0.0.1/signed-in", "https://app.example/*", f"{APP}.redirect_uris.1", "characters"),
        ("http://127.0.0.1/signed-in", "https://app.example/#a", f"{APP}.redirect_uris.1", "no fragment"),
        ("http://127.0.0.1/signed-out", "javascript:alert(1)", f"{APP}.post_logout_redirect_uris.1", "must be https"),
        ("rotate_after_days = 90", "rotate_after_days = 0", "signing_keys.rotate_after_days", "greater than or equal"),
        ("ahead_seconds = 3600", "ahead_seconds = 60", "signing_keys.publish_ahead_seconds", "greater than or equal"),
        ('hosts = ["norrsken.localhost"]', "hosts = 3", "operators.norrsken.hosts", "must be a list"),
        ("top_up.range = {", "top_up.range = 3 # {", "operators.baltika.top_up.range", "is a section"),
        ("trusted_proxies = []", 'trusted_proxies = ["*"]', "trusted_proxies.0", "not an address or a network"),
        (
            "trusted_proxies = []",
            'trusted_proxies = ["10.0.0.1/8"]',
            "trusted_proxies.0",
            "not an address or a network",
        ),
        ("address_per_minute = 6000", "address_per_minute = -1", "rates.address_per_minute", "greater than or equal"),
        ("registered_only = false", "registered_only = true", "documents.registered_only", "documents.folder must say"),
    ],
)
def test_a_wrong_setting_is_named(deployment: Deployment, old: str, new: str, name: str, why: str) -> None:
    deployment.replace(old, new)
    (problem,) = deployment.problems()
    assert problem.startswith(f"{name}: ")
    assert why in problem


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "app.norrsken.example", "http://app.norrsken.example", "https://app.norrsken.example/", "https://",
     "https://App.norrsken.example", "https://app.norrsken.example:443", "https://me@app.norrsken.example",
     "https://*.norrsken.example", "https://app.norrsken.example:x"],
)  # fmt: skip
def test_an_origin_is_exactly_what_a_browser_sends(deployment: Deployment, origin: str) -> None:
    deployment.replace("web_origins = []", f'web_origins = ["{origin}"]')
    (problem,) = deployment.problems()
    assert problem.startswith("operators.norrsken.web_origins.0: ")


def test_what_keeps_strangers_out_can_be_set(deployment: Deployment) -> None:
    origins = '"https://app.norrsken.example", "http://localhost:3000", "https://norrsken.example:8443"'
    deployment.replace("web_origins = []", f"web_origins = [{origins}]")
    deployment.set(KONTANT_RATES__CUSTOMER_PER_MINUTE="7", KONTANT_TRUSTED_PROXIES='["10.0.0.0/8", "::1"]')
    settings = deployment.read()
    assert len(settings.web_origins["norrsken"]) == 3
    assert settings.web_origins["baltika"] == ()
    assert (settings.rates.customer_per_minute, settings.rates.address_per_minute) == (7, 6000)
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1/128")


def test_an_operator_that_offers_nothing_is_named(deployment: Deployment) -> None:
    deployment.replace("top_up.fixed_minor = [5000, 10000, 20000, 30000, 50000, 100000]", "top_up = {}")
    assert deployment.problems() == ["operators.norrsken.top_up: nothing is on offer: give fixed_minor, range, or both"]


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("KONTANT_PORT", "eight", "valid integer"),
        ("KONTANT_PAYMENT__WAIT_SECONDS", "-1", "greater than 0"),
        ("KONTANT_OPERATORS__BALTIKA__CURRENCY", "EUX", "ISO 4217"),
        ("KONTANT_PROT", "8000", "no such setting"),
        ("KONTANT_OPERATORS__NORRSKEN__HOSTS", "norrsken.example", "JSON"),
        ("KONTANT_PAYMENT", "sandbox", "JSON"),
        ("KONTANT_PAYMENT", "8", "is a section"),
        ("KONTANT_MESSAGES__CARRIER", "pigeon", "should be 'outbox'"),
    ],
)
def test_a_wrong_variable_is_named(deployment: Deployment, variable: str, value: str, why: str) -> None:
    deployment.set(**{variable: value})
    (problem,) = deployment.problems()
    assert problem.startswith(f"{variable}: ")
    assert why in problem


def test_all_that_is_wrong_is_told_at_once(deployment: Deployment) -> None:
    deployment.replace("port = 8000", "port = 0")
    deployment.replace('currency = "EUR"', 'currency = "EURO"')
    assert [problem.partition(":")[0] for problem in deployment.problems()] == ["port", "operators.baltika.currency"]


def test_a_file_that_is_not_there_is_named(deployment: Deployment, tmp_path: Path) -> None:
    deployment.set(KONTANT_SETTINGS=str(tmp_path / "other.toml"))
    (problem,) = deployment.problems()
    assert problem.startswith("KONTANT_SETTINGS: ")


def test_production_needs_a_secret_and_public_addresses(deployment: Deployment) -> None:
    deployment.replace('environment = "development"', 'environment = "production"')
    assert deployment.problems() == [
        "secret: is required in production (KONTANT_SECRET)",
        *STAND_INS,
        "audit.heads_folder: is required in production",
        "operators.norrsken.public_url: is required in production",
        "operators.baltika.public_url: is required in production",
    ]


@pytest.mark.parametrize("under", ["", "/here"])
def test_a_data_folder_that_is_a_file_is_named(deployment: Deployment, tmp_path: Path, under: str) -> None:
    (tmp_path / "file").touch()
    deployment.set(KONTANT_DATA_FOLDER=f"{tmp_path}/file{under}")
    assert deployment.problems() == [f"data_folder: {tmp_path}/file is not a folder"]


def test_a_short_secret_is_refused_and_not_shown(deployment: Deployment) -> None:
    deployment.set(KONTANT_SECRET="short")
    assert deployment.problems() == ["secret: must have at least 32 bytes"]


def test_a_public_address_is_one_of_the_hosts(deployment: Deployment) -> None:
    deployment.set(KONTANT_ENVIRONMENT="production", KONTANT_SECRET=SECRET, KONTANT_AUDIT__HEADS_FOLDER="/mnt/heads")
    deployment.set(KONTANT_PAYMENT__PROVIDER="sandbox", KONTANT_MESSAGES__CARRIER="outbox")
    deployment.set(KONTANT_OPERATORS__BALTIKA__PUBLIC_URL="https://baltika.localhost")
    deployment.set(KONTANT_OPERATORS__NORRSKEN__PUBLIC_URL="https://elsewhere.example")
    assert deployment.problems() == ["operators.norrsken.public_url: its host must be one of operators.norrsken.hosts"]
    deployment.set(KONTANT_OPERATORS__NORRSKEN__PUBLIC_URL="https://norrsken.localhost")
    settings = deployment.read()
    assert [operator.issuer for operator in settings.operators] == [
        "https://norrsken.localhost",
        "https://baltika.localhost",
    ]
    assert {settings.port_of(operator) for operator in settings.operators} == {8000}
    assert settings.heads_file_of(settings.operator("baltika")) == Path("/mnt/heads/baltika.jsonl")


def test_the_demo_clients_are_on_a_developers_machine_only(deployment: Deployment) -> None:
    known = {client.id for client in deployment.read().clients["norrsken"]}
    assert known == {"kontant-app", "demo-web", "demo-support", "demo-server"}
    deployment.set(KONTANT_ENVIRONMENT="production", KONTANT_SECRET=SECRET, KONTANT_AUDIT__HEADS_FOLDER="/mnt/heads")
    deployment.set(KONTANT_PAYMENT__PROVIDER="sandbox", KONTANT_MESSAGES__CARRIER="outbox")
    deployment.set(KONTANT_OPERATORS__BALTIKA__PUBLIC_URL="https://baltika.localhost")
    deployment.set(KONTANT_OPERATORS__NORRSKEN__PUBLIC_URL="https://norrsken.localhost")
    assert {client.id for client in deployment.read().clients["norrsken"]} == {"kontant-app"}


def test_an_app_on_localhost_is_for_development_only(deployment: Deployment) -> None:
    deployment.replace("http://127.0.0.1/signed-in", "http://localhost:3000/signed-in")
    deployment.read()
    deployment.set(KONTANT_ENVIRONMENT="production", KONTANT_SECRET=SECRET, KONTANT_AUDIT__HEADS_FOLDER="/mnt/heads")
    deployment.set(KONTANT_PAYMENT__PROVIDER="sandbox", KONTANT_MESSAGES__CARRIER="outbox")
    deployment.set(KONTANT_OPERATORS__BALTIKA__PUBLIC_URL="https://baltika.localhost")
    deployment.set(KONTANT_OPERATORS__NORRSKEN__PUBLIC_URL="https://norrsken.localhost")
    [problem, *_] = deployment.problems()
    assert problem.startswith("operators.norrsken.clients.kontant-app.redirect_uris.1: ")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('consents.SURVEYS.text.en = "', 'consents.SURVEYS.text.lv = "', "consents.SURVEYS.text.en is missing"),
        ("consents.SURVEYS.title.en", "consents.SURVEYS.title.fi", "consents.SURVEYS.title.en is missing"),
    ],
)
def test_a_consent_is_asked_in_every_language_of_the_operator(
    deployment: Deployment, old: str, new: str, problem: str
) -> None:
    deployment.replace(old, new)
    assert deployment.problems() == [f"operators.norrsken: {problem}"]


# Identity providers

EID = """
[operators.norrsken.electronic_id]
name = "BankID"
issuer = "https://broker.example"
client_id = "norrsken"
accepted_acr = ["high"]
"""
STAFF = """
[operators.norrsken.staff_sign_in]
issuer = "https://employer.example"
client_id = "norrsken"
roles = { agents = ["AGENT"] }
"""


def with_providers(deployment: Deployment, old: str = "", new: str = "") -> Deployment:
    assert old in EID + STAFF
    deployment.text += (EID + STAFF).replace(old, new, 1)
    deployment.set(
        KONTANT_OPERATORS__NORRSKEN__ELECTRONIC_ID__CLIENT_SECRET="first secret",
        KONTANT_OPERATORS__NORRSKEN__STAFF_SIGN_IN__CLIENT_SECRET="second secret",
    )
    return deployment


def test_providers_are_what_the_file_says_and_the_demos_otherwise(deployment: Deployment) -> None:
    settings = with_providers(deployment).read()
    electronic_id, staff = settings.providers["norrsken"]
    assert (electronic_id.name, electronic_id.client_secret, staff.client_secret) == (
        "BankID",
        "first secret",
        "second secret",
    )
    assert "first secret" not in repr(settings)
    assert [each.issuer for each in settings.providers["baltika"]] == [
        "http://localhost:8090/baltika/electronic_id",
        "http://localhost:8090/baltika/staff_sign_in",
    ]
    assert settings.demo_identities_port == 8090


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            '"https://broker.example"',
            '"http://broker.example"',
            "issuer: 'http://broker.example' must begin with https://",
        ),
        ('"https://broker.example"', '"broker"', "issuer: 'broker' is not an issuer such as https://broker.example"),
        ('accepted_acr = ["high"]', "", "accepted_acr: is missing"),
        ('name = "BankID"\nissuer', 'name = ""\nissuer', "name: String should have at least 1 character"),
        (
            'accepted_acr = ["high"]',
            'accepted_acr = ["high"]\nparameters = { nonce = "1" }',
            "parameters: nonce cannot be given here: the flow decides that itself",
        ),
        ('accepted_acr = ["high"]', 'accepted_acr = ["high"]\nscopes = ["profile"]', "scopes: must have openid"),
    ],
)
def test_a_provider_that_cannot_be_right_is_refused(deployment: Deployment, old: str, new: str, problem: str) -> None:
    assert with_providers(deployment, old, new).problems() == [f"operators.norrsken.electronic_id.{problem}"]


def test_staff_need_roles_that_there_are(deployment: Deployment) -> None:
    [problem] = with_providers(deployment, '["AGENT"]', '["BOSS"]').problems()
    assert problem.startswith("operators.norrsken.staff_sign_in.roles.agents.0: Input should be 'AGENT'")


def test_a_providers_secret_is_in_the_environment_and_nowhere_else(deployment: Deployment) -> None:
    deployment.text += EID
    [problem] = deployment.problems()
    assert problem == "operators.norrsken.electronic_id.client_secret: is missing; it is given in the environment only"
    deployment.text += 'client_secret = "planted"\n'
    [problem] = deployment.problems()
    assert "KONTANT_OPERATORS__NORRSKEN__ELECTRONIC_ID__CLIENT_SECRET" in problem
    assert "planted" not in problem


def test_the_demos_provider_is_never_there_in_production(deployment: Deployment, tmp_path: Path) -> None:
    deployment.set(
        KONTANT_ENVIRONMENT="production",
        KONTANT_SECRET=SECRET,
        KONTANT_PAYMENT__PROVIDER="sandbox",
        KONTANT_MESSAGES__CARRIER="outbox",
        KONTANT_AUDIT__HEADS_FOLDER=str(tmp_path),
        KONTANT_OPERATORS__NORRSKEN__PUBLIC_URL="https://norrsken.localhost",
        KONTANT_OPERATORS__BALTIKA__PUBLIC_URL="https://baltika.localhost",
    )
    settings = deployment.read()
    assert settings.demo_identities_port is None
    assert settings.providers == {"norrsken": (), "baltika": ()}
