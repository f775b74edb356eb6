"""Authlib's Starlette client, so that it takes nothing on trust.

As it comes, it hands the provider's metadata to its HTTP client key by key (one of them would turn TLS off), keeps them
for ever, reads answers of any size, and lets the metadata name the algorithms that are accepted. So metadata are read
here, answers are bounded, and ID tokens are verified elsewhere (`auth/relying.py`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Any, Final, cast

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.starlette_client import StarletteOAuth2App
from joserfc.jwk import KeySet

from auth.providers import IdentityProvider

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 5.0
LARGEST_ANSWER_BYTES: Final = 256 * 1024
GOOD_FOR_SECONDS: Final = 3600.0
"""For how long metadata and keys are kept."""

_ADDRESSES: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")

Transport = Callable[[], httpx2.AsyncBaseTransport]


@cache
def _trusted() -> ssl.SSLContext:
    """Made once: it takes a tenth of a second."""
    return httpx2.create_ssl_context()


def direct() -> httpx2.AsyncBaseTransport:
    """To the provider itself."""
    return httpx2.AsyncHTTPTransport(verify=_trusted())


class ProviderClient(StarletteOAuth2App):
    """Authlib's client, with metadata that are read key by key, and read again."""

    def __init__(self, provider: IdentityProvider, transport: Transport) -> None:
        class Client(AsyncOAuth2Client):
            """Its answers have a size, and nothing leads it elsewhere."""

            def __init__(self, *args: Any, **settings: Any) -> None:
                bounded = _Bounded(transport())
                cast("Any", super()).__init__(
                    *args, transport=bounded, follow_redirects=False, trust_env=False, **settings
                )

        self.client_cls = Client
        timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        cast("Any", super()).__init__(
            None,
            provider.kind.value,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": " ".join(provider.scopes),
                "code_challenge_method": "S256",
                "timeout": timeout,
            },
        )
        self._provider = provider
        self._read_at = float("-inf")

    def forget(self) -> None:
        self._read_at = float("-inf")

    async def read_keys(self) -> KeySet:
        return KeySet.import_key_set(await cast("Any", self).fetch_jwk_set(force=True))

    async def load_server_metadata(self) -> dict[str, Any]:
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= GOOD_FOR_SECONDS:
            async with cast("Any", self)._get_session() as client:
                answer = await client.request("GET", cast("Any", self)._server_metadata_url, withhold_token=True)
                answer.raise_for_status()
                self.server_metadata = _read_metadata(answer.json(), self._provider)
            self._read_at = now
        return self.server_metadata


def _read_metadata(given: Any, provider: IdentityProvider) -> dict[str, Any]:
    """What is needed of it. Raises `ValueError` when it is another's, or would lead to where nothing is encrypted."""
    if given["issuer"] != provider.issuer:
        raise ValueError("The metadata are another issuer's.")
    metadata: dict[str, Any] = {name: str(given[name]) for name in _ADDRESSES}
    is_safe = provider.issuer.startswith("https://")
    for address in metadata.values():
        if is_safe and not address.startswith("https://"):
            raise ValueError("An address is not encrypted.")
    return {**metadata, "names_itself": given.get("authorization_response_iss_parameter_supported") is True}


class _Bounded(httpx2.AsyncBaseTransport):
    """Reads no more than is allowed, and nothing that is compressed."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        try:
            if "content-encoding" in answer.headers:
                raise httpx2.DecodingError("The answer is compressed.", request=request)
            body = bytearray()
            async for chunk in cast("AsyncIterator[bytes]", answer.stream):
                body += chunk
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise httpx2.ReadError("The answer is too large.", request=request)
        finally:
            await answer.aclose()
        return httpx2.Response(answer.status_code, headers=answer.headers, content=bytes(body), request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()
