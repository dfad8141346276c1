"""Prometheus metrics; counts and durations only, nothing about a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
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
        self.translations = Translations()
        self.registry.register(self.translations)

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


class Translations(Collector):
    """Answers by how they came into the customer's language, or what kept them from it: counts of somebody else's."""

    def __init__(self) -> None:
        self.outcomes: Mapping[str, int] = {}

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the counts as they are now."""
        counted = CounterMetricFamily(
            "faq_translations", "Answers by how they came into the customer's language.", labels=["outcome"]
        )
        for outcome, count in sorted(dict(self.outcomes).items()):
            counted.add_metric([outcome], count)
        yield counted
