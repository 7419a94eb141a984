"""The number format of the CPU runtime: chosen by the processor, and close to f32."""

from __future__ import annotations

import json
from importlib.metadata import version
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


AMX = "avx2 avx512f avx512_vnni avx512_bf16 avx_vnni amx_bf16"
AVX512 = "avx2 avx512f avx512_vnni avx512_bf16 avx_vnni"
CASCADE_LAKE = "avx2 avx512f avx512_vnni"
ALDER_LAKE = "avx2 avx_vnni"


def processor(monkeypatch: pytest.MonkeyPatch, folder: Path, flags: str) -> None:
    """Let the machine have a processor with these flags, and another that is not to be read."""
    text = f"processor\t: 0\nflags\t\t: fpu {flags}\n\nprocessor\t: 1\nflags\t\t: amx_bf16\n"
    (folder / "cpuinfo").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "CPUINFO", folder / "cpuinfo")


@pytest.mark.parametrize(
    ("flags", "limit", "expected"),
    [
        (AMX, "", "bf16"),
        (AMX, "all", "bf16"),
        (AMX, "avx512_core_amx", "bf16"),
        (AMX, "AVX10_1_512", "int8"),
        (AMX, "AVX512_CORE_BF16", "int8"),
        (AMX, "AVX2_VNNI", "int8"),
        (AMX, "AVX2", "f32"),
        (AVX512, "", "int8"),
        (AVX512, "AVX512_CORE", "f32"),
        (CASCADE_LAKE, "", "int8"),
        (CASCADE_LAKE, "AVX2_VNNI", "f32"),
        (ALDER_LAKE, "", "int8"),
        (ALDER_LAKE, "AVX2_VNNI_2", "int8"),
        (ALDER_LAKE, "AVX2", "f32"),
        ("avx2", "", "f32"),
    ],
)
def test_the_format_is_what_the_processor_has_and_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, limit: str, expected: str
) -> None:
    processor(monkeypatch, tmp_path, flags)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert fastest_precision("bert") == expected
    assert fastest_precision("modernbert") == "f32"


@pytest.mark.parametrize(
    ("flags", "limit", "expected"),
    [
        (AMX, "", "amx_bf16"),
        (AMX, "AVX10_1_512", "avx512_vnni"),
        (AMX, "AVX512_CORE", "avx512f"),
        (AMX, "AVX2", "avx2"),
        (ALDER_LAKE, "", "avx_vnni"),
        ("", "", "machine"),
    ],
)
def test_what_decides_the_last_digits_names_the_instruction_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, limit: str, expected: str
) -> None:
    """A run that was begun on another processor would go on with other digits: it has to be refused."""
    processor(monkeypatch, tmp_path, flags)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    monkeypatch.setattr(module.platform, "machine", lambda: "machine")
    backend = CpuBackend(default_checkpoint(), precision="f32")
    assert backend.arithmetic.endswith(f" on the CPU, f32, {expected}")
    assert backend.arithmetic.split()[1] == version("openvino").partition("-")[0]


@pytest.mark.parametrize(("flags", "has"), [(CASCADE_LAKE, True), (ALDER_LAKE, True), ("avx2", False)])
def test_only_a_processor_with_vnni_has_int8(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, has: bool
) -> None:
    processor(monkeypatch, tmp_path, flags)
    found = available_precisions()
    assert found[0] == "f32"
    assert ("int8" in found) is has


def test_a_machine_that_tells_nothing_of_its_processor_computes_in_f32(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "CPUINFO", tmp_path / "none")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    assert fastest_precision("bert") == "f32"
    assert "int8" not in available_precisions()


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
