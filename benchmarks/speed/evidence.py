"""``python -m benchmarks.speed.evidence``: which instructions the libraries use under this environment.

Prints one line of JSON. oneDNN says itself, in its verbose mode, which instruction set it holds to;
OpenVINO names the kernels that it would run.
"""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from stance.inference.openvino_import import import_openvino

from benchmarks.speed.options import usable_cores, use_cores
from benchmarks.speed.process import environment_for
from benchmarks.speed.work import operations_a_second

ONEDNN = """
import torch
torch.randn(8, 8).to_mkldnn().relu()
"""


def evidence(environment: Mapping[str, str], threads: int) -> dict[str, Any]:
    """Return what the libraries report in a process with these variables."""
    variables = {**environment_for(threads), **environment}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.evidence", str(threads)],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _onednn_instruction_set() -> str:
    done = subprocess.run(
        [sys.executable, "-c", ONEDNN],
        env={**os.environ, "ONEDNN_VERBOSE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"cpu,isa:(.+)", done.stdout)
    return found[1] if found else "not said"


def _openvino_kernels(precision: str) -> dict[str, int] | str:
    """Return how often OpenVINO would run which kernel for a layer like those of an encoder."""
    import numpy as np

    openvino = import_openvino()
    operations = openvino.opset13

    states = operations.parameter([-1, -1, 384], np.float32)
    weights = np.ones((384, 384), np.float32)
    scores = operations.matmul(operations.matmul(states, weights, False, True), states, False, True)
    network = openvino.Model([operations.softmax(scores, 2)], [states])
    hint = {"INFERENCE_PRECISION_HINT": precision}
    try:
        compiled = openvino.Core().compile_model(network, "CPU", hint)
    except RuntimeError as error:
        return "refused: " + str(error).strip().splitlines()[-1]
    kernels = collections.Counter(
        str(operation.get_rt_info()["primitiveType"].value)
        for operation in compiled.get_runtime_model().get_ops()
        if operation.get_rt_info()["layerType"].value in ("FullyConnected", "MatMul", "Softmax")
    )
    return dict(kernels)


def _openvino_rate() -> float:
    """Return how many operations a second OpenVINO's product of two large f32 matrices does."""
    import numpy as np

    openvino = import_openvino()
    operations = openvino.opset13

    def prepare(side: int) -> Callable[[], Any]:
        values = np.ones((side, side), np.float32)
        left = operations.parameter([side, side], np.float32)
        network = openvino.Model([operations.matmul(left, values, False, True)], [left])
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": usable_cores()}
        request = openvino.Core().compile_model(network, "CPU", settings).create_infer_request()
        return lambda: request.infer([values])

    return operations_a_second(prepare)


def _report() -> dict[str, Any]:
    import torch

    openvino = import_openvino()

    return {
        "torch": torch.backends.cpu.get_cpu_capability(),
        "oneDNN": _onednn_instruction_set(),
        "openvino_capabilities": openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        "openvino_kernels": {precision: _openvino_kernels(precision) for precision in ("f32", "bf16")},
        "openvino_matrix_rate_f32": _openvino_rate(),
    }


if __name__ == "__main__":
    use_cores(int(sys.argv[1]))
    print(json.dumps(_report()))
