"""Figures of this server for a monitoring system, counted when asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from checkpoints.connection import Database
from server.services.health import Health


@dataclass(frozen=True)
class Metric:
    """One figure of the moment, or one for each value of a label."""

    name: str
    help: str
    values: Mapping[tuple[str, str] | None, float]
    """By label and its value; None is the figure without a label."""


@dataclass(frozen=True)
class Metrics:
    """Counts what waits, what runs, and what the cache saved."""

    database: Database
    health: Health

    async def now(self) -> tuple[Metric, ...]:
        """The figures. Raises `DatabaseUnreachable`."""
        async with self.database.transaction() as transaction:
            rows = await transaction.fetch_all("figures")
        by_status: dict[tuple[str, str] | None, float] = {
            ("status", str(row["label"])): float(row["count"]) for row in rows if row["figure"] == "runs"
        }
        saved = {str(row["label"]): float(row["count"]) for row in rows if row["figure"] == "saved"}
        kept = sum(float(row["count"]) for row in rows if row["figure"] == "cached_answers")
        waiting = sum(float(row["count"]) for row in rows if row["figure"] == "approvals")
        pool = self.database.pool.get_stats()
        return (
            Metric("appyard_runs", "Runs that are not finished.", by_status),
            Metric("appyard_approvals_waiting", "Questions that wait for a person.", {None: waiting}),
            Metric(
                "appyard_worker_alive",
                "1 if this process takes runs.",
                {None: float(bool(self.health.worker_alive and self.health.worker_alive()))},
            ),
            Metric("appyard_cached_answers", "Answers of models that may serve other builds of the same user.", {None: kept}),
            Metric("appyard_cache_hits", "Model calls answered by what another build paid for, since ever.", {None: saved["hits"]}),
            Metric("appyard_cache_saved_tokens", "Tokens that this saved.", {None: saved["tokens"]}),
            Metric("appyard_cache_saved_dollars", "US dollars that this saved.", {None: saved["usd"]}),
            Metric("appyard_database_connections", "Connections of this process to the database.", {None: float(pool["pool_size"])}),
            Metric("appyard_database_connections_free", "Those nobody uses.", {None: float(pool["pool_available"])}),
            Metric("appyard_database_requests_waiting", "Requests that wait for a connection.", {None: float(pool["requests_waiting"])}),
        )


def as_json(metrics: tuple[Metric, ...]) -> dict[str, object]:
    """By name; a figure with a label is an object by the label's values."""
    return {metric.name: _plain(metric.values) for metric in metrics}


def _plain(values: Mapping[tuple[str, str] | None, float]) -> object:
    return values[None] if None in values else {label[1]: value for label, value in values.items() if label}
