"""Reading a GraphQL request out of HTTP: media types, body, parameters. Everything here refuses with `HttpRefusal`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from api.graphql.errors import BAD_REQUEST, HttpRefusal
from api.graphql.registered import SHA256

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
HTML: Final = "text/html"

_APOLLO: Final = "persistedQuery"

VARIABLES_MAY_NEST: Final = 50
"""Objects and lists within one another. No input is as deep, and what reads them is recursive."""


class GraphQLRequest(NamedTuple):
    """The parameters of the GraphQL-over-HTTP specification, each of its right type."""

    query: str | None
    """None only if there are ids."""
    document_ids: tuple[str, ...]
    """What the document is registered under, if the client says so: any of these."""
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None

    @property
    def is_apollo(self) -> bool:
        """Whether the document is named as Apollo's clients do it."""
        return self.extensions is not None and _APOLLO in self.extensions


class Headers(NamedTuple):
    """The request headers that matter to this endpoint. Those that came more than once are joined."""

    accept: str = ""
    content_type: str = ""
    content_length: str = ""
    content_encoding: str = ""
    host: str = ""
    origin: str = ""
    sec_fetch_site: str = ""
    graphql_require_preflight: str = ""

    @classmethod
    def of(cls, raw: Iterable[tuple[bytes, bytes]]) -> Headers:
        found: dict[str, str] = {}
        for name, value in raw:
            field = _HEADER_FIELDS.get(name)
            if field is not None:
                text = value.decode("latin-1")
                found[field] = f"{found[field]},{text}" if field in found else text
        return cls(**found)


_HEADER_FIELDS: Final = {
    b"accept": "accept",
    b"content-type": "content_type",
    b"content-length": "content_length",
    b"content-encoding": "content_encoding",
    b"host": "host",
    b"origin": "origin",
    b"sec-fetch-site": "sec_fetch_site",
    b"graphql-require-preflight": "graphql_require_preflight",
}


@lru_cache(maxsize=64)
def response_media_type(accept: str) -> str | None:
    """The media type to answer with, None when neither is acceptable.

    `application/graphql-response+json` is for those who name it. Who names nothing, or takes anything, gets
    `application/json`, as the specification has it for clients of old.
    """
    if not accept.strip():
        return JSON
    qualities = _qualities(accept)
    anything = qualities.get("*/*", qualities.get("application/*", 0))

    def preference(media_type: str) -> tuple[float, bool, bool]:
        named = media_type in qualities
        ours = GRAPHQL_RESPONSE if named else JSON
        return qualities.get(media_type, anything), named, media_type == ours

    best = max((GRAPHQL_RESPONSE, JSON), key=preference)
    return best if preference(best)[0] > 0 else None


@lru_cache(maxsize=64)
def prefers_html(accept: str) -> bool:
    """Whether a page is wanted rather than JSON: this is what browsers say when an address is opened in them."""
    qualities = _qualities(accept)
    return qualities.get(HTML, 0) > max(qualities.get(GRAPHQL_RESPONSE, 0), qualities.get(JSON, 0))


def check_origin(headers: Headers, *, is_allowed: bool) -> None:
    """Refuses a request that a page of another origin had a browser send without being asked first.

    `is_allowed` says that this origin may ask here. A header that only a script can send is proof of having been asked.
    """
    if headers.graphql_require_preflight or is_allowed:
        return
    if headers.origin:
        own = headers.origin.lower().partition("://")[2] == headers.host.lower() != ""
    else:
        own = headers.sec_fetch_site in ("", "none", "same-origin")
    if not own:
        message = "Pages of other origins send queries by POST, or with the header `GraphQL-Require-Preflight: 1`."
        raise HttpRefusal(403, "FOREIGN_ORIGIN", message)


def check_content(headers: Headers) -> None:
    """Refuses a body that is not JSON in UTF-8."""
    if not _is_json_in_utf8(headers.content_type):
        message = "The body must be JSON in UTF-8, with the header `Content-Type: application/json`."
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", message, headers={"Accept": JSON})
    if headers.content_encoding.strip().lower() not in ("", "identity"):
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.")


async def read_body(receive: Receive, headers: Headers, *, max_bytes: int) -> bytes:
    """The whole body. Stops reading as soon as there is too much of it, and need not read if it is announced."""
    if headers.content_length.isdecimal() and int(headers.content_length) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def request_of_body(body: bytes) -> GraphQLRequest:
    """The request that this JSON body holds."""
    try:
        parameters = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _bad("The body is not JSON in UTF-8.") from None
    if isinstance(parameters, list):
        raise _bad("One request carries one operation: the body must be an object, not a list.")
    if not isinstance(parameters, dict):
        raise _bad("The body must be a JSON object.")
    return _request(cast("dict[str, Any]", parameters))


def request_of_query_string(query_string: bytes) -> GraphQLRequest:
    """The request that the address of a GET holds. An empty parameter counts as absent."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=50)
    except ValueError:
        raise _bad("The address is not properly encoded.") from None
    parameters: dict[str, Any] = dict(pairs)
    for name in ("variables", "extensions"):
        if name in parameters:
            try:
                parameters[name] = orjson.loads(parameters[name])
            except orjson.JSONDecodeError:
                raise _bad(f"`{name}` is not JSON.") from None
    return _request(parameters)


def _request(parameters: dict[str, Any]) -> GraphQLRequest:
    extensions = _object_or_none(parameters, "extensions")
    document_ids = _document_ids(parameters.get("documentId"), (extensions or {}).get(_APOLLO))
    query = parameters.get("query")
    if query is None and not document_ids:
        raise _bad("There is neither a `query`, which is the document to carry out, nor a `documentId`.")
    if query is not None and not isinstance(query, str):
        raise _bad("`query` must be a string.")
    operation_name = parameters.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise _bad("`operationName` must be a string or null.")
    variables = _object_or_none(parameters, "variables")
    if variables and _nests_deeper(variables, VARIABLES_MAY_NEST):
        raise _bad("`variables` are nested too deeply.")
    return GraphQLRequest(query, document_ids, operation_name, variables, extensions)


def _document_ids(document_id: object, apollo: object) -> tuple[str, ...]:
    if document_id is not None:
        if not isinstance(document_id, str):
            raise _bad("`documentId` must be a string.")
        return (document_id,)
    if apollo is None:
        return ()
    digest = cast("dict[str, Any]", apollo).get("sha256Hash") if isinstance(apollo, dict) else None
    if not isinstance(digest, str):
        raise _bad(f"`extensions.{_APOLLO}.sha256Hash` must be a string.")
    return (SHA256 + digest, digest)


def _object_or_none(parameters: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, dict):
        raise _bad(f"`{name}` must be an object or null.")
    return cast("dict[str, Any] | None", value)


def _nests_deeper(value: dict[str, Any], deepest: int) -> bool:
    level: list[Any] = [value]
    for _ in range(deepest):
        items = (item for container in level for item in _items(container))
        level = [item for item in items if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def _items(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _qualities(accept: str) -> dict[str, float]:
    qualities: dict[str, float] = {}
    for part in accept.split(","):
        media_type, parameters = _media_type(part)
        if parameters.get("charset", "utf-8") != "utf-8":
            continue
        try:
            qualities[media_type] = float(parameters.get("q", "1"))
        except ValueError:
            continue
    return qualities


@lru_cache(maxsize=64)
def _is_json_in_utf8(content_type: str) -> bool:
    media_type, parameters = _media_type(content_type)
    return media_type == JSON and parameters.get("charset", "utf-8") in ("utf-8", "utf8")


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    media_type, *parameters = text.lower().split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return media_type.strip(), {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _too_large(max_bytes: int) -> HttpRefusal:
    message = f"The body is too large: {max_bytes} bytes are allowed."
    # The rest of the body is not read, so the connection is of no further use.
    return HttpRefusal(413, "PAYLOAD_TOO_LARGE", message, headers={"Connection": "close"})


def _bad(message: str) -> HttpRefusal:
    return HttpRefusal(400, BAD_REQUEST, message)
