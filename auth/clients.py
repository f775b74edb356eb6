"""Who may ask the authorization server: apps, which cannot keep a secret, and servers, which can."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.oauth2 import rfc6749

SIGN_IN_CODE: Final = "urn:kontant:grant-type:sign-in-code"
REFRESH_TOKEN: Final = "refresh_token"
AUTHORIZATION_CODE: Final = "authorization_code"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANT_TYPES: Final = (AUTHORIZATION_CODE, REFRESH_TOKEN, SIGN_IN_CODE, TOKEN_EXCHANGE)

_LOOPBACK: Final = re.compile(r"http://(?P<host>127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?P<rest>/[^#]*)?", re.ASCII)


class ClientKind(StrEnum):
    """What a client is."""

    NATIVE = "native"
    """An app on a phone, which may also ask for the sign-in code on screens of its own."""
    WEB = "web"
    """A web front end: its people sign in on our page only."""
    STAFF = "staff"
    """A web front end of the operator's staff: they sign in by their employer's identity provider."""
    RESOURCE_SERVER = "resource_server"
    """A server with a secret, which is shown tokens and asks whether they are good."""


GRANTS: Final = {
    ClientKind.NATIVE: frozenset({SIGN_IN_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN}),
    ClientKind.WEB: frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN}),
    ClientKind.STAFF: frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN, TOKEN_EXCHANGE}),
    ClientKind.RESOURCE_SERVER: frozenset[str](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(rfc6749.ClientMixin):
    """One of the operator's, from the settings."""

    id: str
    name: str
    """What people are told that they sign in to."""
    kind: ClientKind
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    secret_sha256: str | None = field(default=None, repr=False)
    """The secret's SHA-256 in hex. A plain hash is enough for a secret that a machine has made."""

    def get_client_id(self) -> str:
        return self.id

    def check_client_secret(self, client_secret: str) -> bool:
        digest = hashlib.sha256(client_secret.encode(errors="surrogatepass")).hexdigest()
        return self.secret_sha256 is not None and hmac.compare_digest(digest, self.secret_sha256)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        if self.kind is ClientKind.RESOURCE_SERVER:
            return endpoint == "introspection" and method in ("client_secret_basic", "client_secret_post")
        return endpoint in ("token", "revocation") and method == "none"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in GRANTS[self.kind]

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it is one of the client's, to the letter; on a person's own machine, at any port (RFC 8252, 7.3)."""
        return redirect_uri in self.redirect_uris or (
            (wanted := _without_port(redirect_uri)) is not None
            and any(wanted == _without_port(known) for known in self.redirect_uris)
        )


class Clients:
    """One operator's clients, by their ids."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._by_id = {client.id: client for client in clients}

    def __iter__(self) -> Iterator[Client]:
        return iter(self._by_id.values())

    def find(self, client_id: Any) -> Client | None:
        return self._by_id.get(client_id)


def why_not_redirect(uri: str, *, is_development: bool) -> str | None:
    """Why a client cannot be registered with this address; None when it can."""
    parts = urlsplit(uri)
    if not uri.isascii() or re.search(r"[\s\x00-\x1f\x7f<>\"\\^`{|}*]", uri):
        return "has characters that an address has not"
    if "#" in uri or "@" in parts.netloc:
        return "must have no fragment and no user"
    if parts.scheme == "https":
        return None if parts.hostname else "has no host"
    if parts.scheme == "http":
        if _LOOPBACK.fullmatch(uri) or (is_development and parts.hostname == "localhost"):
            return None
        return "must begin with https://, or be at 127.0.0.1 or [::1]"
    if "." in parts.scheme and not parts.netloc and parts.path.startswith("/"):
        return None
    return "must be https, or of an app's own scheme that is a domain backwards, such as com.example.app:/signed-in"


def _without_port(uri: str) -> tuple[str, str] | None:
    """Host and path of an address on a person's own machine; None for any other."""
    match = _LOOPBACK.fullmatch(uri)
    return (match["host"], match["rest"] or "") if match else None


APP: Final = Client(id="kontant-app", name="Kontant", kind=ClientKind.NATIVE)
"""The operator's own app, where nobody says otherwise: it asks for sign-in codes on its own screens only."""
