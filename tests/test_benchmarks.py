"""The speed benchmarks: what they compute, how they talk to contenders, and what is rendered of it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.speed import machine, pairs, silence, throughput, training, weight, work
from benchmarks.speed.cold import percentile
from benchmarks.speed.contender import Contender, Settings
from benchmarks.speed.contenders import CONTENDERS
from benchmarks.speed.options import Options
from benchmarks.speed.plot import draw
from benchmarks.speed.process import Worker, interleaved, medians, opened, ratios
from stance.checkpoint import CONFIG, TOKENIZER, Checkpoint, default_checkpoint, read_json_object
from stance.errors import InputError, StanceError
from stance.inference.encoding import PairEncoder
from stance.pages import speed_pages
from stance.speed_summary import summary
from stance.speed_tables import MEASUREMENTS, NOT_MEASURED, PLOT, read_speed, section

from conftest import ROOT, tiny_model

CPUINFO = """processor\t: 0
cpu family\t: 6
model\t\t: 143
model name\t: Some(R) Processor
flags\t\t: fpu avx2 avx512f avx512_vnni amx_bf16

processor\t: 1
model name\t: Some(R) Processor
flags\t\t: fpu avx2
"""


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


# Arithmetic


@pytest.mark.parametrize("tokens", [16, 33])
def test_the_arithmetic_of_a_pair_is_what_torch_counts(tokens: int) -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model, _ = tiny_model()
    model.set_attn_implementation("eager")  # type: ignore[attr-defined]
    ids = torch.ones((1, tokens), dtype=torch.long)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(input_ids=ids, attention_mask=ids)  # type: ignore[operator]
    config = model.config.to_dict()  # type: ignore[attr-defined]
    assert work.multiplications(config, tokens) == counter.get_total_flops()


def test_the_arithmetic_of_the_embedded_model_in_a_closed_form() -> None:
    config = read_json_object(default_checkpoint().path / CONFIG)
    hidden, layers, tokens = config["hidden_size"], config["num_hidden_layers"], 50
    # with an inner size of four times the hidden one a layer has 12 h^2 weights
    expected = 2 * layers * (12 * hidden**2 * tokens + 2 * tokens**2 * hidden) + 2 * (hidden**2 + 3 * hidden)
    assert config["intermediate_size"] == 4 * hidden
    assert work.multiplications(config, tokens) == expected


def test_the_mean_work_is_that_of_the_pairs_and_not_of_their_mean_length() -> None:
    config = read_json_object(default_checkpoint().path / CONFIG)
    short, long = (work.multiplications(config, tokens) for tokens in (10, 200))
    assert work.mean_work(config, [10, 200]) == (short + long) / 2
    assert work.mean_work(config, [10, 200]) > work.multiplications(config, 105)


@pytest.mark.parametrize(("seconds", "measured"), [(0.0, [256, 2048]), (0.1, [256])])
def test_large_matrices_are_left_out_where_they_would_take_minutes(
    monkeypatch: pytest.MonkeyPatch, seconds: float, measured: list[int]
) -> None:
    asked = []

    def prepare(side: int) -> Any:
        asked.append(side)
        return lambda: time.sleep(seconds)

    monkeypatch.setattr(work, "SHORTEST", 0.01)
    assert work.operations_a_second(prepare) > 0
    assert asked == measured


# Rounds


class Scripted:
    """A worker that answers with what it is given, and notes who was asked when."""

    def __init__(self, name: str, seconds: list[float], log: list[str]) -> None:
        self.name, self.seconds, self.log = name, iter(seconds), log

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.log.append(self.name)
        return {"seconds": next(self.seconds)}


def test_contenders_take_turns_and_the_first_round_does_not_count() -> None:
    log: list[str] = []
    script = {"ours": [99.0, 1.0, 2.0, 4.0], "other": [99.0, 3.0, 4.0, 4.0]}
    workers = {name: Scripted(name, seconds, log) for name, seconds in script.items()}
    answers = interleaved(workers, {name: {} for name in script}, rounds=3)  # type: ignore[arg-type]
    assert log == ["ours", "other", "other", "ours", "ours", "other", "other", "ours"]
    assert medians(answers) == {"ours": 2.0, "other": 4.0}
    assert ratios(answers, "ours") == {"ours": 1.0, "other": statistics.median([3.0, 2.0, 1.0])}


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 50.0
    assert percentile(values, 0.99) == 99.0
    assert percentile([3.0], 0.99) == 3.0


def test_agreement_counts_labels_and_finds_the_largest_difference() -> None:
    reference = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]])
    found = np.array([[0.5, 0.4, 0.1], [0.4, 0.3, 0.3]])
    scores = throughput.agreement(found, reference)
    assert scores["label_agreement"] == 0.5
    assert scores["largest_difference"] == pytest.approx(0.2)


def test_an_unknown_contender_is_refused_and_the_reference_always_takes_part() -> None:
    assert throughput.chosen("pipeline") == ["stance", "pipeline", "torch"]
    assert throughput.chosen("") == list(throughput.CLASSIFY)
    with pytest.raises(InputError, match="'pipelin'"):
        throughput.chosen("pipelin")
    assert set(throughput.CLASSIFY) <= set(CONTENDERS)


# Machine


def test_the_machine_is_told_by_its_processor_and_its_instruction_sets() -> None:
    assert machine.cpu_model(CPUINFO) == "Some(R) Processor (family 6, model 143)"
    assert machine.instruction_sets(CPUINFO) == ["avx2", "avx512f", "avx512_vnni", "amx_bf16"]
    assert machine.cpu_model("") == ""
    assert machine.memory_gb("MemTotal:       1000000 kB\nMemFree: 1 kB\n") == 1.0


def test_the_description_of_this_machine_is_complete_and_plain() -> None:
    described = machine.describe_machine(threads=2)
    assert described == json.loads(json.dumps(described))
    assert described["cpu"]
    assert described["threads"] == 2
    assert {"openvino", "numpy", "tokenizers"} <= set(described["versions"])


def test_the_peak_is_that_of_the_process_and_not_of_its_parent() -> None:
    ballast = np.ones(40_000_000)  # 320 MB
    program = "from benchmarks.speed.machine import peak_mb; print(peak_mb())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(done.stdout) < ballast.nbytes / 1e6 < machine.peak_mb()


# Pairs


def test_real_pairs_begin_with_the_labelled_ones_and_more_can_be_had() -> None:
    everything = len(pairs.labelled_pairs())
    chosen = pairs.real_pairs(everything + 5)
    assert len(chosen) == everything + 5
    assert chosen[:3] == [(one.claim, one.sentence) for one in pairs.labelled_pairs(3)]
    assert pairs.real_pairs(10) == chosen[:10]


def test_a_comparison_has_as_many_claims_and_sentences_as_asked() -> None:
    claims, sentences = pairs.claims_and_sentences(50, 2000)
    assert (len(claims), len(sentences)) == (50, 2000)
    assert (len(set(claims)), len(set(sentences))) == (50, 2000)


@pytest.mark.parametrize("tokens", [32, 256])
def test_pairs_are_exactly_as_long_as_asked(tokens: int) -> None:
    from tokenizers import Tokenizer

    encoder = PairEncoder(default_checkpoint())
    # as the file says, which is to cut
    tokenizer = Tokenizer.from_file(str(default_checkpoint().path / TOKENIZER))
    found = pairs.pairs_of_length(tokenizer, tokens, 20)
    assert set(encoder.encode(found).lengths) == {tokens}


def test_lengths_are_described_by_mean_and_by_bins() -> None:
    described = throughput.describe_lengths([10, 40, 70])
    assert described["mean"] == 40
    assert described["pairs_up_to"] == {"32": 1, "64": 2, "128": 3, "256": 3}


# Contenders


@pytest.mark.parametrize("name", ["stance", "stance with tokens", "torch", "pipeline"])
def test_contenders_give_the_same_probabilities(tiny_checkpoint: Checkpoint, name: str) -> None:
    from stance.inference.classifier import StanceClassifier

    texts = [
        ("the envoy met", "no talks took place"),
        ("budget rose", "they denied it"),
        ("a", "call on monday"),
    ]
    expected = StanceClassifier.from_pretrained(tiny_checkpoint.path, device="cpu").predict_proba(texts)
    settings = Settings(str(tiny_checkpoint.path), threads=1, batch=2)
    contender: Contender = CONTENDERS[name](settings)
    for _ in range(2):
        np.testing.assert_allclose(contender.probabilities(contender(texts)), expected, atol=2e-3)
    assert contender.runtime


def test_a_contender_in_its_own_process_answers_with_seconds_and_memory(tmp_path: Path) -> None:
    texts = [("the envoy met", "no talks took place"), ("budget rose", "they denied it")]
    file, kept = pairs.write_pairs(texts, tmp_path / "pairs.json"), tmp_path / "kept.npy"
    both = tmp_path / "texts.json"
    both.write_text(json.dumps(list(zip(*texts, strict=True))), encoding="utf-8")
    workers = {"stance": Worker("stance", Settings(str(default_checkpoint().path), threads=1))}
    with opened(workers):
        answer = workers["stance"].ask({"do": "run", "pairs": str(file), "to": str(kept)})
        single = workers["stance"].ask({"do": "latency", "pairs": str(file)})
        compared = workers["stance"].ask({"do": "compare", "texts": str(both), "per_article": 1})
    assert answer["seconds"] > 0
    assert answer["peak_mb"] > 10
    assert np.load(kept).shape == (2, 3)
    assert len(single["seconds"]) == 2
    assert compared["seconds"] > 0


def test_a_contender_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(StanceError, match="does not exist"):
        Worker("tokenising alone", Settings(str(tmp_path / "nowhere"), threads=1))


def test_both_trainers_follow_one_recipe_without_dropout_or_early_end() -> None:
    recipe = training.recipe(steps=7, batch=4)
    assert (recipe.max_steps, recipe.batch_size, recipe.patience) == (7, 4, 0)
    assert recipe.dropout == recipe.shared_dropout == 0


# Weight and silence


def test_the_size_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"x" * 1000)
    (tmp_path / "link").symlink_to(tmp_path / "inner" / "file")
    assert weight.megabytes(tmp_path) == 0.001


@pytest.mark.skipif(not silence.can_forbid(), reason="needs the system call filter of Linux")
def test_the_package_works_where_opening_a_socket_kills_the_process() -> None:
    found = weight.network_use(Path(sys.executable))
    assert found["filter_works"], "a process that opened a socket lived on"
    assert found["opened_no_socket"], found
    assert found["label"] == "denies"
    assert found["telemetry_modules"] == found["files_left_at_home"] == []


# Pages

MACHINE = {
    "cpu": "Some Processor", "instruction_sets": ["avx2"], "cores": 2, "threads": 2, "memory_gb": 25.0,
    "load_before": 0.1, "python": "3.11.7", "versions": {"torch": "2.13.0"},
}  # fmt: skip
ABOUT = {"machine": MACHINE, "rounds": 5, "checkpoint": "0123456789abcdef"}


def contender(rate: float, times: float, **more: Any) -> dict[str, Any]:
    quality = {"label_agreement": 1.0, "largest_difference": 0.01}
    share = {"bf16": 0.5, "f32": 0.9}
    return {
        "runtime": "some", "batch": "32", "pairs_per_second": rate, "times_as_long_as_stance": times,
        "share_of_matrix_rate": share, "peak_mb": 300.0, **quality, **more,
    }  # fmt: skip


RESULTS: dict[str, dict[str, Any]] = {
    "throughput": {
        "pairs": 3000, "tokens": throughput.describe_lengths([30, 60]), "operations_per_pair": 1e9,
        "matrix_rate": {"bf16": 2e12, "f32": 1e11},
        "contenders": {"stance": contender(1234.0, 1.0, macro_f1=0.68), "pipeline": contender(411.0, 3.0)},
    },
    "formats": {
        "pairs": 3000, "scored": 1500,
        "formats": {
            "f32": {
                "pairs_per_second": 200.0, "label_agreement": 1.0, "mean_difference": 0.0, "macro_f1": 0.7
            }
        },
    },
    "restricted": {
        "limits": {
            "AVX2": {
                "pairs_per_second": {"stance": 200.0, "pipeline": 100.0}, "runtime": {"stance": "f32"},
                "matrix_rate": {"bf16": 1e9, "f32": 2e9},
                "reported": {"openvino_matrix_rate_f32": 3e9, "oneDNN": "Intel AVX2"},
            },
            "AVX-512 VNNI": {
                "pairs_per_second": {"pipeline": 100.0}, "runtime": {},
                "matrix_rate": {"bf16": 1e9, "f32": 2e9},
                "reported": {"openvino_matrix_rate_f32": 3e9, "oneDNN": "Intel AVX-512"},
            },
        },
        "failed": {"stance (AVX-512 VNNI)": "no kernel"}, "left_out": [],
    },
    "comparing": {
        "claims": 50, "sentences": 2000, "pairs": 100_000, "pairs_per_second": 1000.0, "peak_mb": 400.0,
        "plain_pairs": 3000, "plain_pairs_per_second": 1100.0, "plain_peak_mb": 300.0,
        "rate_over_plain": 0.91,
    },
    "cold": {
        "seconds": {"bare Python": 0.01, "stance": 0.5, "pipeline": 5.0},
        "peak_mb": {"bare Python": 10.0, "stance": 200.0, "pipeline": 500.0},
        "import_over_bare_python": 0.02, "pipeline_over_stance": 10.0,
        "latency": {"stance": {"p50_ms": 2.0, "p99_ms": 3.0}, "pipeline": {"p50_ms": 8.0, "p99_ms": 9.0}},
    },
    "growth": {
        "pairs": [{"pairs": 1000, "pairs_per_second": {"stance": 900.0}, "peak_mb": 300.0}],
        "tokens": [{"tokens": 32, "pairs_per_second": {"stance": 900.0, "pipeline": 300.0}}],
        "threads": [{"threads": 1, "pairs_per_second": {"stance": 500.0, "pipeline": 200.0}}],
    },
    "training": {
        "steps": 60, "batch": 32, "steps_per_second": {"stance": 2.0, "stock": 1.0}, "stance_over_stock": 2.0,
        "mean_loss": {"stance": 0.5, "stock": 0.51}, "last_losses": {"stance": 0.4, "stock": 0.41},
        "largest_difference_of_a_step": 0.02, "precision": {"stance": "bf16", "stock": "f32"},
        "peak_mb": {"stance": 900.0, "stock": 800.0},
    },
    "weight": {
        "wheel_mb": 42.0, "torch_over_core": 4.0,
        "core": {"mb": 250.0, "count": 20, "packages": {}, "telemetry_packages": ["openvino-telemetry"]},
        "transformers and torch": {
            "mb": 1000.0, "count": 30, "packages": {"torch": "2.13.0+cpu"}, "telemetry_packages": []
        },
        "network": {
            "checked": True, "filter_works": True, "opened_no_socket": True, "telemetry_modules": []
        },
    },
    "gpu": {"device": None},
}  # fmt: skip
MEASURED = {name: {**ABOUT, **result} for name, result in RESULTS.items()}


def test_every_measurement_has_its_module_and_its_section() -> None:
    assert set(MEASURED) == set(MEASUREMENTS)
    for name in MEASUREMENTS:
        assert (ROOT / "benchmarks" / "speed" / f"{name}.py").is_file()
        assert section(name, {}) == NOT_MEASURED
        assert "Some Processor, avx2, 2 of 2 cores" in section(name, MEASURED)


def test_what_was_measured_stands_in_the_tables() -> None:
    assert "| stance | some | 32 | 1,234 | 1.00 | 50% / 90% | 300 |" in section("throughput", MEASURED)
    assert "| f32 | 200 | 1.0000 | 0.0000 | 0.7000 |" in section("formats", MEASURED)
    assert "| failed |" in section("restricted", MEASURED)
    assert "no kernel" in section("restricted", MEASURED)
    assert "91% of the plain rate" in section("comparing", MEASURED)
    assert "openvino-telemetry" in section("weight", MEASURED)
    assert "No CUDA device here." in section("gpu", MEASURED)


def test_the_summary_has_a_ratio_a_row() -> None:
    text = summary(MEASURED)
    assert "| pairs/s; pipeline, batch 32 | 1,234 | 411 | 3.00x |" in text
    assert "| pairs/s held to AVX2; pipeline | 200 | 100 | 2.00x |" in text
    assert "AVX-512" not in text  # where ours failed there is no ratio
    assert "another processor" not in text
    assert summary({}) == NOT_MEASURED


def test_the_summary_says_where_rows_come_from_another_processor() -> None:
    machine = {**MEASURED["restricted"]["machine"], "cpu": "Other", "instruction_sets": ["avx2", "avx_vnni"]}
    results = {**MEASURED, "restricted": {**MEASURED["restricted"], "machine": machine}}
    note = 'to "pairs/s held to AVX2; pipeline" on another processor. Measured on Other, avx2 avx_vnni'
    assert note in summary(results)


def test_pages_are_rendered_before_and_after_the_first_measurement(tmp_path: Path) -> None:
    before = speed_pages({}, tmp_path)
    assert before[Path("docs/speed.md")].count(NOT_MEASURED) == len(MEASUREMENTS)
    for name, result in MEASURED.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
    after = speed_pages({}, tmp_path)
    assert NOT_MEASURED not in after[Path("docs/speed.md")]
    assert "3.00x" in after[Path("README.md")]


def test_the_speed_pages_are_what_the_results_give() -> None:
    for path, text in speed_pages({}).items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is stale; run: make cards"


def test_the_picture_is_drawn_from_what_there_is(tmp_path: Path) -> None:
    assert draw(tmp_path) is None
    for name in ("throughput", "growth"):
        (tmp_path / f"{name}.json").write_text(json.dumps(MEASURED[name]), encoding="utf-8")
    drawn = draw(tmp_path)
    assert drawn == tmp_path / PLOT
    first = drawn.read_bytes()
    draw(tmp_path)
    assert drawn.read_bytes() == first
    assert set(read_speed(tmp_path)) == {"throughput", "growth"}


def test_rounds_of_what_takes_minutes_are_few() -> None:
    assert Options(rounds=5).few_rounds == 3
    assert Options(rounds=1).few_rounds == 1
