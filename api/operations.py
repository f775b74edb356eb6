"""For those who run it: is it alive, is it ready, and what has it been doing?"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import oauth
from api.problem_details import problem
from api.services import Services
from domain.kernel.errors import Unavailable
from domain.kernel.time import local_date
from domain.notifications.usecases import MESSAGES
from persistence.audit import AuditChain
from persistence.events import EventLog
from persistence.queries.operations import SMS_COST, UNSETTLED_TOP_UPS, backlog

_log: Final = logging.getLogger(__name__)
# What a client sends names no metric: whoever invents paths or methods must not fill our memory with counters.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ROUTES: Final = frozenset({"/graphql", *oauth.PATHS, "/webhooks/sandbox", "/healthz", "/readyz", "/metrics"})


class Metrics:
    """What is counted in this process."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "kontant_http_requests_total", "Requests answered.", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "kontant_http_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self.retries = Gauge(
            "kontant_executor_retries", "Executions that met another one and were tried again.", ["operator"],
            registry=self.registry,
        )  # fmt: skip
        self.unsettled = Gauge(
            "kontant_top_ups_unsettled", "Top-ups by a state that is not final.", ["operator", "status"],
            registry=self.registry,
        )  # fmt: skip
        self.given_up = Gauge(
            "kontant_top_ups_given_up", "Top-ups that the provider never answered for: somebody must look.",
            ["operator"], registry=self.registry,
        )  # fmt: skip
        self.events_waiting = Gauge(
            "kontant_events_waiting", "Events that a subscriber has not read.", ["operator", "subscriber"],
            registry=self.registry,
        )  # fmt: skip
        self.event_lag_seconds = Gauge(
            "kontant_event_lag_seconds", "Age of the oldest event that waits.", ["operator", "subscriber"],
            registry=self.registry,
        )  # fmt: skip
        self.jobs_due = Gauge("kontant_jobs_due", "Jobs whose time has come.", ["operator"], registry=self.registry)
        self.job_lag_seconds = Gauge(
            "kontant_job_lag_seconds", "Age of the oldest job that is due.", ["operator"], registry=self.registry
        )
        self.jobs_held = Gauge(
            "kontant_jobs_held", "Jobs that failed for good: somebody must look.", ["operator"], registry=self.registry
        )
        self.audit_unsealed = Gauge(
            "kontant_audit_unsealed", "Audit rows that are not sealed yet.", ["operator"], registry=self.registry
        )
        self.audit_lag_seconds = Gauge(
            "kontant_audit_lag_seconds", "Age of the oldest audit row that is not sealed: above 10 is an alarm.",
            ["operator"], registry=self.registry,
        )  # fmt: skip
        self.sms_cost_minor = Gauge(
            "kontant_sms_cost_minor", "What sign-in codes in text messages have cost today, in minor units.",
            ["operator"], registry=self.registry,
        )  # fmt: skip
        self.sms_ceiling_minor = Gauge(
            "kontant_sms_ceiling_minor", "What they may cost a day: at this much none goes out any more.",
            ["operator"], registry=self.registry,
        )  # fmt: skip
        self.database_up = Gauge(
            "kontant_database_up", "Whether the operator's database answers.", ["operator"], registry=self.registry
        )

    async def collect(self, services: Services) -> None:
        """What is to be asked of an operator's database."""
        name = services.operator.slug
        self.retries.labels(name).set(services.executor.retries)
        try:
            unsettled = await UNSETTLED_TOP_UPS.all(services.database)
            lag = await EventLog(services.database).lag(MESSAGES)
            jobs = await backlog(services.database)
            unsealed = await AuditChain(services.database).unsealed()
            today = local_date(services.clock.now(), services.operator.time_zone)
            sms_cost = await SMS_COST.first(services.database, day=today)
        except Unavailable:
            self.database_up.labels(name).set(0)
            return
        self.database_up.labels(name).set(1)
        counts = {"CREATED": 0, "REQUIRES_ACTION": 0, "UNKNOWN": 0} | {row.status: row.how_many for row in unsettled}
        for status, count in counts.items():
            self.unsettled.labels(name, status).set(count)
        self.given_up.labels(name).set(sum(row.given_up for row in unsettled))
        self.sms_cost_minor.labels(name).set(sms_cost.minor if sms_cost else 0)
        self.sms_ceiling_minor.labels(name).set(services.identity.code_process.rules.sms_ceiling_minor)
        now = services.clock.now()
        self.events_waiting.labels(name, MESSAGES.name).set(lag.waiting)
        self.event_lag_seconds.labels(name, MESSAGES.name).set(_age(lag.oldest_at, now))
        self.jobs_due.labels(name).set(jobs.due)
        self.job_lag_seconds.labels(name).set(_age(jobs.oldest_at, now))
        self.jobs_held.labels(name).set(jobs.held)
        self.audit_unsealed.labels(name).set(unsealed.rows)
        self.audit_lag_seconds.labels(name).set(_age(unsealed.oldest_at, now))


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since is not None else 0.0


class Measured:
    """Middleware that counts requests and their time by route, and logs each without anything personal."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        finally:
            seconds = time.perf_counter() - begun
            route = scope["path"] if scope["path"] in _ROUTES else "other"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(route, method, status).inc()
            self._metrics.seconds.labels(route).observe(seconds)
            services: Services | None = scope.get("services")  # none where no operator's host was named
            _log.info(
                "request",
                extra={
                    "operator": services.operator.slug if services else None,
                    "route": route,
                    "method": method,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 1),
                },
            )


def operations_routes(services: Sequence[Services], metrics: Metrics) -> list[Route]:
    """`/healthz`, `/readyz` and `/metrics`."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        ready = await asyncio.gather(*[each.database.is_ready() for each in services])
        if all(ready):
            return JSONResponse({"status": "ready"})
        missing = [each.operator.slug for each, is_ready in zip(services, ready, strict=True) if not is_ready]
        return problem(
            503,
            detail="A database does not answer.",
            headers={"Retry-After": "2"},
            code=Unavailable.code,
            operators=missing,
        )

    async def show_metrics(_: Request) -> Response:
        await asyncio.gather(*[metrics.collect(each) for each in services])
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", show_metrics, methods=["GET"]),
    ]
