"""Asking an identity provider who somebody is: OpenID Connect from the other side.

Authlib builds the addresses and redeems the code; the ID token is verified here, by rules of our own.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Final

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.oidc.core.util import create_half_hash
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from auth.provider_client import GOOD_FOR_SECONDS, ProviderClient, Transport, direct
from auth.providers import (
    IdentityProvider,
    ProviderKind,
    StaffIdentity,
    UnusableClaims,
    identification_of,
    staff_identity_of,
)
from domain.identity.identification import Identification
from domain.kernel.time import Clock

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""With which a provider may sign: none that needs a shared secret, and not `none`."""
ALL_SECONDS: Final = 10.0
LONGEST_ID_TOKEN: Final = 16 * 1024
SEARCH_PAUSE_SECONDS: Final = 5.0
"""A key that is not known is looked for no more often than this, however many tokens name one."""
CLOCKS_DIFFER_SECONDS: Final = 30
OLDEST_TOKEN_SECONDS: Final = 600

_FAILURES: Final = (
    httpx2.HTTPError, httpx2.InvalidURL, OAuthError, JoseError, OSError, ValueError, TypeError, LookupError,
    AttributeError, RecursionError,
)  # fmt: skip


@dataclass(eq=False)
class NotIdentified(Exception):
    """The provider did not say who it is, or cannot be believed. `error` is the app's answer (RFC 6749, 4.1.2.1)."""

    error: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A person who was sent to a provider: what has to fit when they come back."""

    kind: ProviderKind
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    left_at: int
    """In seconds since 1970."""
    max_age_seconds: int | None
    """How old the provider's own sign-in may be; None when nobody asked."""
    is_asked_anew: bool
    """Whether the provider was to ask the person again, whom it may know from before."""
    query: str = field(repr=False)
    """The app's request, which is taken up again afterwards."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Departure:
        """What `to_json` made."""
        given: dict[str, Any] = {f.name: content[f.name] for f in fields(cls)}
        given["kind"] = ProviderKind(given["kind"])
        return cls(**given)


class RelyingParty:
    """One operator at one provider. `redirect_uri` is the one address to which people come back."""

    def __init__(
        self,
        provider: IdentityProvider,
        *,
        redirect_uri: str,
        clock: Clock,
        transport: Transport = direct,
    ) -> None:
        self.provider = provider
        self._redirect_uri, self._clock = redirect_uri, clock
        self._app: Any = ProviderClient(provider, transport)
        self._keys: KeySet | None = None
        self._read_at = self._searched_at = float("-inf")

    def forget(self) -> None:
        """Reads metadata and keys anew when they are needed next."""
        self._keys, self._searched_at = None, float("-inf")
        self._app.forget()

    async def begin(self, departure: Departure) -> str:
        """The address to send a person to. Raises `NotIdentified`."""
        asked: dict[str, Any] = dict(self.provider.parameters)
        if self.provider.acr_values:
            asked["acr_values"] = " ".join(self.provider.acr_values)
        if departure.max_age_seconds is not None:
            asked["max_age"] = departure.max_age_seconds
        if departure.is_asked_anew:
            asked["prompt"] = "login"
        for name in ("state", "nonce", "code_verifier"):
            asked[name] = getattr(departure, name)
        made = await self._in_time(self._app.create_authorization_url(self._redirect_uri, **asked))
        return made["url"]

    def departure(self, query: str, *, max_age_seconds: int | None, is_asked_anew: bool) -> Departure:
        """Somebody who is about to be sent there, with the app's request."""
        return Departure(
            kind=self.provider.kind,
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            left_at=int(self._clock.now().timestamp()),
            max_age_seconds=max_age_seconds,
            is_asked_anew=is_asked_anew,
            query=query,
        )

    async def identify(self, departure: Departure, answer: Mapping[str, str]) -> Identification:
        """Who the customer is. `answer` is what the browser brought, with the right `state`. Raises `NotIdentified`."""
        said = await self._finish(departure, answer)
        try:
            return identification_of(said, self.provider, self._clock.now())
        except UnusableClaims as unusable:
            raise _distrusted(f"The identity provider's claim {unusable} cannot be used.") from None

    async def recognise(self, departure: Departure, answer: Mapping[str, str]) -> StaffIdentity:
        """The same for somebody of the staff."""
        said = await self._finish(departure, answer)
        try:
            return staff_identity_of(said, self.provider)
        except UnusableClaims as unusable:
            raise _distrusted(f"The identity provider's claim {unusable} cannot be used.") from None

    async def _finish(self, departure: Departure, answer: Mapping[str, str]) -> Mapping[str, Any]:
        """What the provider says of the person, in a verified ID token."""
        metadata = await self._in_time(self._app.load_server_metadata())
        issuer = answer.get("iss")
        if issuer != self.provider.issuer and (issuer is not None or metadata["names_itself"]):
            raise _distrusted("It was another provider that answered.")
        if error := answer.get("error"):
            if error == "access_denied":
                raise NotIdentified("access_denied", "The person did not sign in.")
            raise NotIdentified("temporarily_unavailable", "The identity provider did not sign the person in.")
        code = answer.get("code")
        if not code:
            raise _distrusted("The identity provider's answer has no code.")
        token = await self._in_time(
            self._app.fetch_access_token(
                redirect_uri=self._redirect_uri, code=code, code_verifier=departure.code_verifier
            )
        )
        return await self._verified(token, departure)

    async def _verified(self, token: Mapping[str, Any], departure: Departure) -> Mapping[str, Any]:
        text = token.get("id_token")
        if not isinstance(text, str) or len(text) > LONGEST_ID_TOKEN:
            raise _distrusted("There is no ID token.")
        keys = await self._key_set()
        try:
            verified = _opened(text, keys)
        except _UnknownKey:
            keys = await self._key_set(search=True)
            try:
                verified = _opened(text, keys)
            except _UnknownKey:
                raise _distrusted("The ID token's key is not known.") from None
        now = self._clock.now()
        _check(verified.claims, departure, self.provider, now)
        _check_at_hash(verified, token.get("access_token"))
        return verified.claims

    async def _key_set(self, *, search: bool = False) -> KeySet:
        """The provider's keys; read again for a key that is not known, which is how providers change theirs."""
        now = asyncio.get_running_loop().time()
        is_worth_a_search = search and now - self._searched_at >= SEARCH_PAUSE_SECONDS
        if self._keys is None or is_worth_a_search or now - self._read_at >= GOOD_FOR_SECONDS:
            if search:
                self._searched_at = now
            self._keys = await self._in_time(self._app.read_keys())
            self._read_at = now
        assert self._keys is not None
        return self._keys

    async def _in_time(self, asking: Any) -> Any:
        """The answer, unless it takes too long or is none."""
        try:
            async with asyncio.timeout(ALL_SECONDS):
                return await asking
        except _FAILURES:
            # What failed may repeat what was sent, so nothing of it goes on.
            raise NotIdentified("temporarily_unavailable", "The identity provider does not answer.") from None


class _UnknownKey(Exception):
    """No key of the provider's is called so."""


def _distrusted(why: str) -> NotIdentified:
    return NotIdentified("server_error", why)


def _opened(text: str, keys: KeySet) -> jwt.Token:
    def key_of(token: Any) -> Any:
        header = token.headers()
        fitting = [
            key
            for key in keys
            if ("kid" not in header or key.kid == header["kid"])
            and key.get("use") in (None, "sig")
            and key.get("alg") in (None, header["alg"])
        ]
        if len(fitting) != 1:
            raise _UnknownKey
        return fitting[0]

    try:
        registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        return jwt.decode(text, key_of, registry=registry)
    except (JoseError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise _distrusted("The ID token is not signed as it must be.") from None


def _check(claims: Mapping[str, Any], departure: Departure, provider: IdentityProvider, now: datetime) -> None:
    """OpenID Connect Core, 3.1.3.7."""
    rules = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=CLOCKS_DIFFER_SECONDS,
        iss=jwt.ClaimsOption(essential=True, value=provider.issuer),
        aud=jwt.ClaimsOption(essential=True, value=provider.client_id),
        sub=jwt.ClaimsOption(essential=True),
        exp=jwt.ClaimsOption(essential=True),
        iat=jwt.ClaimsOption(essential=True),
        nonce=jwt.ClaimsOption(essential=True, value=departure.nonce),
    )
    try:
        rules.validate(dict(claims))
        is_for_us_alone = claims["aud"] in (provider.client_id, [provider.client_id])
        if claims.get("azp", provider.client_id if is_for_us_alone else None) != provider.client_id:
            raise _distrusted("The ID token is somebody else's.")
        if now.timestamp() - claims["iat"] > OLDEST_TOKEN_SECONDS:
            raise _distrusted("The ID token is too old.")
        _check_when(claims, departure)
        if provider.accepted_acr and claims.get("acr") not in provider.accepted_acr:
            raise _distrusted("The person was not identified as surely as is needed.")
    except (JoseError, ValueError, TypeError, LookupError, AttributeError):
        raise _distrusted("The ID token is not right.") from None


def _check_when(claims: Mapping[str, Any], departure: Departure) -> None:
    """That the person proved it lately enough, where that was asked for. With `max_age` the provider must say when."""
    if departure.max_age_seconds is None and not (departure.is_asked_anew and "auth_time" in claims):
        return
    oldest = departure.left_at - (0 if departure.is_asked_anew else departure.max_age_seconds or 0)
    if claims["auth_time"] < oldest - CLOCKS_DIFFER_SECONDS:
        raise _distrusted("The person was not asked anew.")


def _check_at_hash(verified: jwt.Token, access_token: Any) -> None:
    given = verified.claims.get("at_hash")
    if given is None:
        return
    expected = create_half_hash(str(access_token), verified.header["alg"])
    if not isinstance(given, str) or expected is None or not hmac.compare_digest(expected, given.encode()):
        raise _distrusted("The ID token is another access token's.")
