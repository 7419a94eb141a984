"""The tables of ``docs/service.md``: the limits from the code, the figures from the benchmark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from stance.cards import table
from stance.errors import DataError
from stance.service.limits import Limits
from stance.usage import LIMITS

RESULTS = Path("benchmarks/results/service.json")


def service_tables() -> dict[str, str]:
    """Return the tables by the marks of their places.

    Raises
    ------
    DataError
        If the results of the benchmark are missing.
    """
    if not RESULTS.is_file():
        raise DataError(f"{RESULTS} is missing; run: make bench-service")
    runs = json.loads(RESULTS.read_text(encoding="utf-8"))["runs"]
    return {"limits": _limits_table(), "figures": "\n\n".join(map(_figures, runs))}


def _limits_table() -> str:
    rows = [(f"`--{one.name.replace('_', '-')}`", one.default, LIMITS[one.name]) for one in fields(Limits)]
    return table(("option", "default", "what"), rows)


def _figures(run: Mapping[str, Any]) -> str:
    machine, through, waiting = run["machine"], run["throughput"], run["waiting"]
    beside = waiting["beside_a_large_request"]
    size = through["pairs_per_request"]
    rows = [
        (f"{through['clients']} clients, {size} pairs a request", through),
        (f"{waiting['many_clients']['clients']} clients, one pair a request", waiting["many_clients"]),
        ("one client, one pair a request", waiting["one_client"]),
        (f"{beside['clients']} clients, one pair a request, beside a request of {beside['pairs']:,}", beside),
    ]
    times = [(name, one["requests"], f"{one['p50_ms']:,.0f}", f"{one['p99_ms']:,.0f}") for name, one in rows]
    return (
        f"Measured on {machine['cores']} cores ({machine['runtime']}): "
        f"{through['service_pairs_per_second']:,.0f} pairs a second through the service against "
        f"{through['direct_pairs_per_second']:,.0f} in one direct call, "
        f"{through['ratio']:.0%} (median of {through['rounds']} rounds in turn).\n\n"
        + table(("load", "requests", "p50, ms", "p99, ms"), times)
    )
