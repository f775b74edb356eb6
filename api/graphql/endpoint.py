"""GraphQL over HTTP, as its specification has it: one ASGI app for `POST` and `GET` of one address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

import orjson
import strawberry
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import Executor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.execution import optimized_is_awaitable

from api.graphql.documents import Document, Documents, fields_of
from api.graphql.errors import (
    BAD_USER_INPUT,
    DOCUMENT_NOT_FOUND,
    PERSISTED_QUERY_NOT_FOUND,
    ErrorReport,
    FormattedError,
    HttpRefusal,
    RequestRefused,
    cause_of,
    of_fault,
)
from api.graphql.graphiql import page_policy
from api.graphql.limits import Limits
from api.graphql.registered import Registered
from api.graphql.transport import (
    GRAPHQL_RESPONSE,
    HTML,
    JSON,
    GraphQLRequest,
    Headers,
    check_content,
    check_origin,
    prefers_html,
    read_body,
    request_of_body,
    request_of_query_string,
    response_media_type,
)
from api.problem_details import NewId, OnFault, told
from domain.kernel.errors import Fault, Unavailable

MAX_BODY_BYTES: Final = 1_000_000
MAX_COERCION_ERRORS: Final = 10

SUBSCRIPTION_REFUSED: Final = "SUBSCRIPTION_NOT_SUPPORTED"
METHOD_NOT_ALLOWED: Final = "METHOD_NOT_ALLOWED"
NOT_ACCEPTABLE: Final = "NOT_ACCEPTABLE"


OnOperation = Callable[[Any, Callable[[], tuple[str, ...]]], Awaitable[None]]
"""Is given the request's context, and what tells the fields that are asked for, two levels deep: `viewer.cards`."""


class Answer(NamedTuple):
    """A response, ready to be sent."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = {}


class GraphQLEndpoint:
    """Carries out GraphQL requests with graphql-core, straight on the schema that Strawberry built.

    `context` makes what the resolvers get as `info.context`; a fault that it raises answers the whole request.
    `on_operation` is told before anything is carried out, and can refuse it in the same way. `page` makes the HTML
    that a browser gets in development.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        context: Callable[[Request], Awaitable[object]],
        on_operation: OnOperation | None = None,
        development: bool,
        on_fault: OnFault,
        new_id: NewId,
        max_body_bytes: int = MAX_BODY_BYTES,
        limits: Limits | None = None,
        registered: Sequence[Registered] = (),
        registered_only: bool = False,
        page: Callable[[Request], bytes] | None = None,
    ) -> None:
        self._schema: GraphQLSchema = schema._schema  # pyright: ignore[reportPrivateUsage]  -- it has no public name
        # Strawberry's executor, since resolvers find things in its `info` that graphql-core's own does not have.
        executor_class = cast("Any", schema).execution_context_class
        self._executor_of: Callable[..., list[GraphQLError] | Executor[Any]] = executor_class.build
        self._documents = Documents(
            self._schema,
            development=development,
            limits=limits,
            registered=registered,
            registered_only=registered_only,
        )
        self._context, self._on_operation = context, on_operation
        self._hide_suggestions = not development
        self._page = page if development else None
        self._max_body_bytes = max_body_bytes
        self._new_id = new_id
        self._on_fault = on_fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except ClientDisconnect:
            return  # Nobody is left to answer.
        headers = [*_HEADERS[answer.media_type], (b"content-length", str(len(answer.body)).encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})
        except OSError:
            return  # The client went away while the answer was made.

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = Headers.of(scope["headers"])
        method: str = scope["method"]
        if self._page is not None and method == "GET" and prefers_html(headers.accept):
            page = self._page(Request(scope))
            return Answer(200, HTML, page, {"Content-Security-Policy": page_policy(page)})
        media_type = response_media_type(headers.accept)
        report = ErrorReport(new_id=self._new_id, on_fault=self._on_fault)
        try:
            if method not in ("POST", "GET"):
                raise _not_allowed("This address answers to GET and POST.", allow="GET, POST")
            if media_type is None:
                message = f"This address answers with {GRAPHQL_RESPONSE} or {JSON}, in UTF-8."
                raise HttpRefusal(406, NOT_ACCEPTABLE, message)
            request = await self._request(scope, receive, headers)
            return await self._carry_out(request, Request(scope), media_type, report)
        except RequestRefused as refused:
            # Clients of old take any other status than 200 for a failure of the network.
            status = 200 if media_type == JSON else 400
            return _errors(status, media_type, refused.errors, extensions=refused.extensions)
        except HttpRefusal as refusal:
            return _errors(refusal.status, media_type, refusal.errors, refusal.headers)
        except ClientDisconnect:
            raise
        except Exception as error:
            return _failure(error, media_type, report)

    async def _request(self, scope: Scope, receive: Receive, headers: Headers) -> GraphQLRequest:
        if scope["method"] == "GET":
            check_origin(headers, is_allowed=scope.get("origin_allowed", False))
            return request_of_query_string(scope["query_string"])
        check_content(headers)
        return request_of_body(await read_body(receive, headers, max_bytes=self._max_body_bytes))

    async def _carry_out(
        self, request: GraphQLRequest, http_request: Request, media_type: str, report: ErrorReport
    ) -> Answer:
        document = self._document(request)
        operation = document.operation(request.operation_name)
        if operation.kind is OperationType.SUBSCRIPTION:
            raise RequestRefused([GraphQLError("Subscriptions are not answered over HTTP.")], SUBSCRIPTION_REFUSED)
        if operation.kind is OperationType.MUTATION and http_request.method == "GET":
            raise _not_allowed("A mutation must be sent by POST.", allow="POST")
        cost = self._documents.weigh(operation, request.variables)
        context = await self._context(http_request)
        if self._on_operation is not None:
            await self._on_operation(context, lambda: fields_of(document, request.operation_name))
        result = await self._execute(document, request, context)
        if not result.errors:
            return Answer(200, media_type, orjson.dumps({"data": result.data, "extensions": {"cost": cost}}))
        for error in result.errors:
            if isinstance(cause := cause_of(error), Unavailable):
                return _failure(cause, media_type, report)
        if result.data is None and all(error.path is None for error in result.errors):
            raise RequestRefused(result.errors, BAD_USER_INPUT)
        answer = {"errors": report.of_fields(result.errors), "data": result.data, "extensions": {"cost": cost}}
        return Answer(200, media_type, orjson.dumps(answer))

    def _document(self, request: GraphQLRequest) -> Document:
        """The document that was registered under the request's id, or else the one of its text."""
        for document_id in request.document_ids:
            document = self._documents.find(document_id)
            if document is not None:
                return document
        if request.query is not None:
            return self._documents.get(request.query)
        if request.is_apollo:
            raise RequestRefused([GraphQLError("PersistedQueryNotFound")], PERSISTED_QUERY_NOT_FOUND)
        raise RequestRefused([GraphQLError("No document is registered under this id.")], DOCUMENT_NOT_FOUND)

    async def _execute(self, document: Document, request: GraphQLRequest, context: object) -> ExecutionResult:
        """Strawberry's own `execute` without its extensions, of which there are none. Errors are still in it."""
        executor = self._executor_of(
            self._schema,
            document.node,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=MAX_COERCION_ERRORS,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=self._hide_suggestions,
        )
        if isinstance(executor, list):
            raise RequestRefused(executor, BAD_USER_INPUT)
        result = executor.execute_operation()
        if not isinstance(result, ExecutionResult):
            # Nothing else can come of a schema that has neither @defer nor @stream.
            result = cast("ExecutionResult", await cast("Awaitable[Any]", result))
        return result


def refusal(scope: Scope, fault: Fault) -> Response:
    """What a request is answered that never reaches the endpoint, because of a declared fault."""
    headers = Headers.of(scope["headers"])
    answer = told(fault)
    assert answer is not None
    errors = _errors(answer.status, response_media_type(headers.accept), [of_fault(answer)], answer.headers)
    fixed = {name.decode(): value.decode() for name, value in _HEADERS[errors.media_type]}
    return Response(errors.body, errors.status, {**fixed, **errors.headers})


def _static_headers(media_type: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept"),
        (b"x-content-type-options", b"nosniff"),
    ]


_HEADERS: Final = {media_type: _static_headers(media_type) for media_type in (JSON, GRAPHQL_RESPONSE, HTML)}


def _errors(
    status: int,
    media_type: str | None,
    errors: Sequence[FormattedError],
    headers: Mapping[str, str] | None = None,
    *,
    extensions: Mapping[str, Any] | None = None,
) -> Answer:
    body = {"errors": errors, "extensions": extensions} if extensions else {"errors": errors}
    return Answer(status, media_type or JSON, orjson.dumps(body), headers or {})


def _failure(error: Exception, media_type: str | None, report: ErrorReport) -> Answer:
    """What answers the whole request with a fault: there is no data, also if some fields had theirs."""
    answer = told(error)
    if answer is None:
        return _errors(500, media_type, [report.masked(error)])
    return _errors(answer.status, media_type, [of_fault(answer)], answer.headers)


def _not_allowed(message: str, *, allow: str) -> HttpRefusal:
    return HttpRefusal(405, METHOD_NOT_ALLOWED, message, headers={"Allow": allow})
