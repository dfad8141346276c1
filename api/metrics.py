"""Prometheus metrics; counts and durations only, nothing about a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "faq_http_requests",
            "Requests by route, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "faq_http_request_seconds", "Time to answer a request.", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self.decisions = Counter(
            "faq_decisions",
            "Decisions by kind, reason and language.",
            ["decision", "reason", "language"],
            registry=self.registry,
        )
        self.generation = Gauge("faq_generation", "Number of the generation that answers.", registry=self.registry)
        self.articles = Gauge("faq_articles", "Articles in the generation that answers.", registry=self.registry)
        self.tickets = Gauge("faq_tickets", "Tickets by status.", ["status"], registry=self.registry)
        self.tickets_overdue = Gauge("faq_tickets_overdue", "Tickets whose promise is broken.", registry=self.registry)

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a finished request; unknown paths share one label, so that scanners cannot fill the memory."""
        route = scope.get("route")
        label = getattr(route, "path", "other")
        method = scope["method"] if scope["method"] in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD") else "other"
        self._requests.labels(label, method, str(status)).inc()
        self._seconds.labels(label).observe(seconds)

    def text(self) -> bytes:
        """Return everything in the exposition format."""
        return generate_latest(self.registry)
