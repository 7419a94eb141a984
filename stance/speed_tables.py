"""Tables of how fast, large and quiet the package is, from what ``make bench`` measured.

Results are named like the modules of ``benchmarks/speed``; where one is missing, its table says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stance.cards import table

SPEED_RESULTS = Path("benchmarks/results")
MEASUREMENTS = (
    "throughput", "formats", "restricted", "comparing", "cold", "growth", "training", "weight", "gpu",
)  # fmt: skip
NOT_MEASURED = "Not measured yet; run: `make bench`"
PLOT = "speed.svg"

Results = Mapping[str, Mapping[str, Any]]


def read_speed(folder: Path = SPEED_RESULTS) -> dict[str, dict[str, Any]]:
    """Return the results that are there, by measurement."""
    files = {name: folder / f"{name}.json" for name in MEASUREMENTS}
    return {
        name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.is_file()
    }


def section(name: str, results: Results) -> str:
    """Return the tables of one measurement, with the machine it was taken on."""
    if name not in results:
        return NOT_MEASURED
    return f"{_SECTIONS[name](results[name])}\n\n{machine_line(results[name])}"


def machine_line(result: Mapping[str, Any]) -> str:
    """Return what a measurement was taken on, in one sentence."""
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Measured on {machine['cpu']}, {' '.join(machine['instruction_sets'])}, {machine['threads']} of "
        f"{machine['cores']} cores, {machine['memory_gb']} GB, load {machine['load_before']} before; Python "
        f"{machine['python']}, {versions}; {result['rounds']} rounds, checkpoint {result['checkpoint'][:12]}."
    )


def shown_rate(a_second: float) -> str:
    """Return pairs a second, without decimals."""
    return f"{a_second:,.0f}"


def shown_ratio(ratio: float) -> str:
    """Return how many times as much."""
    return f"{ratio:.2f}x"


def shown_share(share: float) -> str:
    """Return a share in percent."""
    return f"{share:.0%}"


def throughput_table(result: Mapping[str, Any]) -> str:
    """Return the rates of all contenders and how well they agree."""
    rates, tokens = result["matrix_rate"], result["tokens"]
    rows = [
        (
            name,
            one["runtime"],
            one["batch"],
            shown_rate(one["pairs_per_second"]),
            f"{one['times_as_long_as_stance']:.2f}",
            " / ".join(shown_share(one["share_of_matrix_rate"][kind]) for kind in ("bf16", "f32"))
            if "label_agreement" in one
            else "",
            f"{one['peak_mb']:,.0f}",
            f"{one['label_agreement']:.4f}" if "label_agreement" in one else "",
            f"{one['largest_difference']:.4f}" if "largest_difference" in one else "",
            f"{one['macro_f1']:.4f}" if "macro_f1" in one else "",
        )
        for name, one in result["contenders"].items()
    ]
    head = ("contender", "runtime", "batch", "pairs/s", "time over ours", "share of matrix rate, bf16 / f32")
    quality = ("peak MB", "labels as torch", "largest difference", "macro-F1 newsroom test")
    upto = ", ".join(f"{count:,} up to {limit}" for limit, count in tokens["pairs_up_to"].items())
    return (
        f"{table((*head, *quality), rows)}\n\n"
        f"{result['pairs']:,} pairs; tokens: mean {tokens['mean']:.1f}, longest {tokens['longest']} "
        f"({upto}). "
        f"{result['operations_per_pair'] / 1e9:.2f} GFLOP a pair; the machine multiplies matrices at "
        f"{rates['bf16'] / 1e9:,.0f} GFLOP/s in bf16 and {rates['f32'] / 1e9:,.0f} in f32."
    )


def formats_table(result: Mapping[str, Any]) -> str:
    """Return rate, labels and scores of every number format."""
    rows = [
        (
            name,
            shown_rate(one["pairs_per_second"]),
            f"{one['label_agreement']:.4f}",
            f"{one['mean_difference']:.4f}",
            f"{one['macro_f1']:.4f}",
        )
        for name, one in result["formats"].items()
    ]
    head = ("format", "pairs/s", "labels as f32", "mean difference of a probability", "macro-F1 validation")
    counts = f"{result['pairs']:,} pairs timed, {result['scored']:,} validation pairs scored."
    return f"{table(head, rows)}\n\n{counts}"


def restricted_table(result: Mapping[str, Any]) -> str:
    """Return the rates under every limit, and what shows that the limit holds."""
    rows = []
    for name, one in result["limits"].items():
        rates, said = one["pairs_per_second"], one["reported"]
        ours, theirs = rates.get("stance"), rates.get("pipeline")
        rows.append(
            (
                name,
                "failed" if ours is None else shown_rate(ours),
                one["runtime"].get("stance", ""),
                "failed" if theirs is None else shown_rate(theirs),
                f"{ours / theirs:.2f}" if ours and theirs else "",
                " / ".join(f"{one['matrix_rate'][kind] / 1e9:,.0f}" for kind in ("bf16", "f32")),
                f"{said['openvino_matrix_rate_f32'] / 1e9:,.0f}",
                said["oneDNN"],
            )
        )
    head = ("allowed", "stance, pairs/s", "runtime", "pipeline, pairs/s", "ratio")
    rates_head = ("torch GFLOP/s, bf16 / f32", "OpenVINO GFLOP/s, f32", "oneDNN says")
    notes = [f"{name} failed: {message}" for name, message in result["failed"].items()]
    notes += [f"This processor has no {name}." for name in result["left_out"]]
    return "\n\n".join([table((*head, *rates_head), rows), *notes])


def comparing_table(result: Mapping[str, Any]) -> str:
    """Return the rate of a comparison of sources beside the plain one."""
    rows = [
        (
            f"compare_sources, {result['claims']} claims x {result['sentences']:,} sentences",
            result["pairs"],
            shown_rate(result["pairs_per_second"]),
            f"{result['peak_mb']:,.0f}",
        ),
        (
            "predict_proba on pairs of these",
            result["plain_pairs"],
            shown_rate(result["plain_pairs_per_second"]),
            f"{result['plain_peak_mb']:,.0f}",
        ),
    ]
    return (
        f"{table(('what', 'pairs', 'pairs/s', 'peak MB'), rows)}\n\n"
        f"The comparison reaches {shown_share(result['rate_over_plain'])} of the plain rate."
    )


def cold_table(result: Mapping[str, Any]) -> str:
    """Return seconds of whole processes and of single pairs."""
    rows = [
        (name, f"{seconds:.2f}", f"{result['peak_mb'][name]:,.0f}")
        for name, seconds in result["seconds"].items()
    ]
    single = [
        (name, f"{one['p50_ms']:.1f}", f"{one['p99_ms']:.1f}") for name, one in result["latency"].items()
    ]
    return (
        f"{table(('process', 'seconds', 'peak MB'), rows)}\n\n"
        f"`import stance` takes {result['import_over_bare_python'] * 1000:.0f} ms more than bare Python. "
        "Single pairs once the model is open:\n\n"
        f"{table(('one pair at a time', 'median ms', '99 % within ms'), single)}"
    )


def growth_table(result: Mapping[str, Any]) -> str:
    """Return the three curves."""
    counts = [
        (one["pairs"], shown_rate(one["pairs_per_second"]["stance"]), f"{one['peak_mb']:,.0f}")
        for one in result["pairs"]
    ]
    lengths, threads = (
        [(one[key], *map(shown_rate, one["pairs_per_second"].values())) for one in result[key]]
        for key in ("tokens", "threads")
    )
    names = [f"{name}, pairs/s" for name in result["tokens"][0]["pairs_per_second"]]
    return "\n\n".join(
        (
            table(("pairs", "stance, pairs/s", "peak MB"), counts),
            table(("tokens of a pair", *names), lengths),
            table(("threads", *names), threads),
            f"![Rates by contender, by length of pairs and by their number](../{SPEED_RESULTS}/{PLOT})",
        )
    )


def training_table(result: Mapping[str, Any]) -> str:
    """Return steps a second and losses of both trainers."""
    rows = [
        (
            name,
            result["precision"][name],
            f"{rate:.2f}",
            f"{result['mean_loss'][name]:.4f}",
            f"{result['last_losses'][name]:.4f}",
            f"{result['peak_mb'][name]:,.0f}",
        )
        for name, rate in result["steps_per_second"].items()
    ]
    head = ("trainer", "precision", "steps/s", "mean loss", "mean loss of the last ten steps", "peak MB")
    return (
        f"{table(head, rows)}\n\n"
        f"{result['steps']} steps of {result['batch']} pairs; ratio {result['stance_over_stock']:.2f}; the "
        f"losses of no step differ by more than {result['largest_difference_of_a_step']:.4f}."
    )


def weight_table(result: Mapping[str, Any]) -> str:
    """Return what installations bring, and whether the package wants a network."""
    rows = [
        (name, f"{one['mb']:,.0f}", one["count"], ", ".join(one["telemetry_packages"]) or "none")
        for name, one in ((name, result[name]) for name in ("core", "transformers and torch"))
    ]
    core, other = (result[name]["packages"] for name in ("core", "transformers and torch"))
    versions = f"torch {other['torch']}" if "torch" in other else f"{len(core)} packages"
    tables = table(("fresh environment", "MB", "packages", "telemetry packages"), rows)
    network = result["network"]
    if not network["checked"]:
        return f"{tables}\n\nWheel {result['wheel_mb']:.0f} MB; {versions}. Sockets: not checked here."
    loaded = ", ".join(network.get("telemetry_modules", [])) or "none"
    outcome = "ran to its end" if network["opened_no_socket"] else "**opened one or started a process**"
    control = "was killed, as it should" if network["filter_works"] else "**was not killed**"
    return (
        f"{tables}\n\nWheel {result['wheel_mb']:.0f} MB; {versions}. Where the kernel kills every process "
        f"that opens a socket, the installed package {outcome}, and a process that opens one {control}. "
        f"Telemetry modules loaded at run time: {loaded}."
    )


def gpu_table(result: Mapping[str, Any]) -> str:
    """Return rates on a GPU."""
    if result["device"] is None:
        return "No CUDA device here."
    rows = [(name, shown_rate(rate)) for name, rate in result["pairs_per_second"].items()]
    return (
        f"{table(('contender', 'pairs/s'), rows)}\n\n{result['pairs']:,} pairs on {result['device']}; "
        f"{shown_share(result['share_waiting_for_tokens'])} of the time is spent waiting for tokens."
    )


_SECTIONS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "throughput": throughput_table,
    "formats": formats_table,
    "restricted": restricted_table,
    "comparing": comparing_table,
    "cold": cold_table,
    "growth": growth_table,
    "training": training_table,
    "weight": weight_table,
    "gpu": gpu_table,
}
