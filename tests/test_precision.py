"""The number format of the CPU runtime: chosen by the processor, and close to f32."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from stance.checkpoint import default_checkpoint
from stance.inference import precision as module
from stance.inference.classifier import StanceClassifier
from stance.inference.cpu import CpuBackend
from stance.inference.precision import PRECISIONS, available_precisions, fastest_precision

from conftest import NEWSROOM, ROOT, examples_of

Pairs = list[tuple[str, str]]


class FakeCore:
    """A processor with these capabilities."""

    def __init__(self, capabilities: list[str]) -> None:
        self._capabilities = capabilities

    def Core(self) -> FakeCore:
        return self

    def get_property(self, device: str, name: str) -> list[str]:
        assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
        return self._capabilities


@pytest.mark.parametrize(
    ("capabilities", "vnni", "limit", "expected"),
    [
        (["FP32", "BF16"], True, "", "bf16"),
        (["FP32", "BF16"], True, "avx512_core_amx", "bf16"),
        (["FP32", "BF16"], True, "AVX512_CORE_VNNI", "int8"),
        (["FP32", "BF16"], True, "AVX2", "f32"),
        (["FP32", "BF16"], True, "AVX2_VNNI", "f32"),
        (["FP32", "INT8"], True, "", "int8"),
        (["FP32", "INT8"], True, "AVX512_CORE", "f32"),
        (["FP32", "INT8"], False, "", "f32"),
    ],
)
def test_the_format_is_what_the_processor_has_and_is_allowed(
    monkeypatch: pytest.MonkeyPatch, capabilities: list[str], vnni: bool, limit: str, expected: str
) -> None:
    monkeypatch.setattr(module, "import_openvino", lambda: FakeCore(capabilities))
    monkeypatch.setattr(module, "_has_vnni", lambda: vnni)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert fastest_precision("bert") == expected
    assert fastest_precision("modernbert") == "f32"


def embedded(precision: str) -> StanceClassifier:
    checkpoint = default_checkpoint()
    return StanceClassifier(checkpoint, CpuBackend(checkpoint, precision=precision))


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return [(one.claim, one.sentence) for one in examples_of(NEWSROOM, "validation")[:300]]


@pytest.fixture(scope="module")
def expected(pairs: Pairs) -> npt.NDArray[np.float32]:
    return embedded("f32").predict_proba(pairs)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_shorter_format_keeps_the_answers_whatever_the_batch(
    precision: str, pairs: Pairs, expected: npt.NDArray[np.float32]
) -> None:
    if precision not in available_precisions():
        pytest.skip(f"this processor has no {precision}")
    shorter = embedded(precision)
    found = shorter.predict_proba(pairs)
    assert precision in shorter.runtime
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.99
    assert 0 < np.abs(found - expected).mean() <= 5e-3
    np.testing.assert_allclose(shorter.predict_proba(pairs[::-1], batch_size=3), found[::-1], atol=1e-3)


def test_every_format_was_measured_to_keep_the_labels() -> None:
    """Law 3, on all validation pairs (``make bench``); the sample above is too small to show it."""
    measured = json.loads((ROOT / "benchmarks" / "results" / "formats.json").read_text(encoding="utf-8"))
    agreement = {name: measured["formats"][name]["label_agreement"] for name in PRECISIONS}
    assert {name: share for name, share in agreement.items() if share < 0.995} == {}


def test_a_machine_that_tells_nothing_of_its_processor_has_no_vnni(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "Path", lambda _: tmp_path / "none")
    assert module._has_vnni() is False
