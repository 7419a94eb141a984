"""``docs/service.md`` tells what the service does: its examples are answered, its tables are complete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from stance import StanceClassifier
from stance.checkpoint import Checkpoint
from stance.errors import DataError
from stance.service.app import PATHS, REFUSALS, build_app
from stance.service.limits import Limits
from stance.service_page import service_tables
from starlette.testclient import TestClient

from conftest import ROOT

PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
CURL = re.compile(r"curl -s http://127\.0\.0\.1:8000(/\w+)(?: [^\n']*'[^']*' -d '(.*?)')?\n", re.DOTALL)


@pytest.fixture(scope="module")
def client(tiny_checkpoint: Checkpoint) -> Iterator[TestClient]:
    clf = StanceClassifier.from_pretrained(tiny_checkpoint.path, device="cpu")
    with TestClient(build_app(clf)) as client:
        yield client


def test_every_example_is_answered(client: TestClient) -> None:
    examples = [(path, json.loads(body) if body else None) for path, body in CURL.findall(PAGE)]
    assert {path for path, _ in examples} == set(PATHS) - {"/openapi.json"}
    for path, body in examples:
        response = client.get(path) if body is None else client.post(path, json=body)
        assert response.status_code == 200, (path, response.text)


def test_every_metric_and_every_refusal_is_listed(client: TestClient) -> None:
    client.get("/health")
    told = set(re.findall(r"^# TYPE (\w+)", client.get("/metrics").text, re.MULTILINE))
    told = {name for name in told if not name.endswith("_created")}
    assert set(re.findall(r"^\| `(stance_\w+)` \|", PAGE, re.MULTILINE)) == told
    rows = re.findall(r"^\| (\d{3}(?:, \d{3})*) \|", PAGE, re.MULTILINE)
    listed = {int(status) for row in rows for status in row.split(", ")}
    assert listed == {*REFUSALS, 404, 405, 500}


def test_the_tables_are_made_of_the_limits_and_of_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    tables = service_tables()
    assert f"| `--body-bytes` | {Limits().body_bytes:,} |" in tables["limits"]
    results = json.loads((ROOT / "benchmarks" / "results" / "service.json").read_text(encoding="utf-8"))
    for run in results["runs"]:
        assert f"({run['machine']['runtime']})" in tables["figures"]
        assert f"{run['throughput']['ratio']:.0%}" in tables["figures"]
        assert f"| {run['waiting']['many_clients']['p99_ms']:,.0f} |" in tables["figures"]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="make bench-service"):
        service_tables()
