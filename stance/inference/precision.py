"""The number format of the CPU runtime: the fastest that the processor has of those that keep the answers.

``bf16`` where the processor has AMX, ``int8`` where it has VNNI alone, else ``f32``. AVX-512 multiplies bf16
too, more slowly than f32. What each does to speed, labels and scores is measured: docs/speed.md.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from stance.inference.openvino_import import import_openvino

PRECISIONS = ("f32", "bf16", "int8")

LIMITS_WITH = {
    "amx_bf16": ("AMX",),
    "avx512_vnni": ("AVX512_CORE_VNNI", "BF16", "FP16", "AMX", "AVX10"),
    "avx512f": ("AVX512", "AVX10"),
    "avx_vnni": ("AVX2_VNNI",),
    "avx2": ("AVX2", "AVX512", "AVX10"),
}
"""By flag of a processor, parts of the values of ``ONEDNN_MAX_CPU_ISA`` under which oneDNN uses it; the
fastest first."""

CPUINFO = Path("/proc/cpuinfo")

ROUNDED_FAMILIES = ("bert", "roberta", "xlm-roberta", "electra", "mpnet", "deberta-v2")
"""Those that tests open in short formats. OpenVINO 2026.4 ends the process on ModernBERT in bf16."""

WEIGHT_GROUP = 128
"""Weights of an output that share a scale, where their number can be divided by it."""

ACTIVATION_GROUP = 32
"""Activations of a token that share a scale: with more of them law 3 of the design no longer holds."""


def fastest_precision(family: str) -> str:
    """Choose for this processor; ``ONEDNN_MAX_CPU_ISA`` may hold it to less than it has.

    Parameters
    ----------
    family : str
        ``model_type`` of the model's configuration. One that is not known to do without is given f32.
    """
    if family not in ROUNDED_FAMILIES:
        return "f32"
    if _may_use("amx_bf16"):
        return "bf16"
    return "int8" if _may_use("avx512_vnni") or _may_use("avx_vnni") else "f32"


def instruction_set() -> str:
    """Return the fastest set that may be used: on another one the last digits are others."""
    return next((flag for flag in LIMITS_WITH if _may_use(flag)), platform.machine())


def available_precisions() -> list[str]:
    """Return the formats that this processor has, ``f32`` first, however slow they are."""
    capabilities = import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    has_vnni = bool({"avx512_vnni", "avx_vnni"} & _flags())
    has = {"f32": True, "bf16": "BF16" in capabilities, "int8": has_vnni}
    return [name for name in PRECISIONS if has[name]]


def runtime_settings(precision: str) -> dict[str, str]:
    """Return what OpenVINO is told about a number format."""
    if precision == "int8":
        return {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(ACTIVATION_GROUP)}
    if precision == "bf16":
        # attention as single steps, as the code that the runtime generates for it is slower; the property is
        # not in its documentation
        return {"INFERENCE_PRECISION_HINT": "bf16", "SNIPPETS_MODE": "DISABLE"}
    return {"INFERENCE_PRECISION_HINT": precision}


def round_weights(network: Any) -> None:
    """Round the weights of the linear layers to 8 bits, in place; activations are rounded as they come.

    Layers behind the pooling see one token a pair: they cost nothing and stay as they are.

    Parameters
    ----------
    network : openvino.Model
    """
    from openvino import opset13 as op

    for node in network.get_ops():
        if node.get_type_name() != "MatMul" or not node.get_attributes()["transpose_b"]:
            continue
        constant = node.input_value(1).get_node()
        if constant.get_type_name() == "Convert":  # weights are stored in 16 bits
            constant = constant.input_value(0).get_node()
        of_tokens = node.input_value(0).get_partial_shape().rank.get_length() == 3
        if constant.get_type_name() != "Constant" or not of_tokens:
            continue
        weights = constant.get_data().astype(np.float32)
        outputs, inputs = weights.shape
        group = WEIGHT_GROUP if inputs % WEIGHT_GROUP == 0 else inputs
        grouped = weights.reshape(outputs, inputs // group, group)
        scales = np.maximum(np.abs(grouped).max(axis=-1, keepdims=True), 1e-12) / 127
        rounded = op.constant(np.round(grouped / scales).astype(np.int8))
        restored = op.multiply(op.convert(rounded, "f32"), op.constant(scales))
        shaped = op.reshape(restored, op.constant(np.array([outputs, inputs])), special_zero=False)
        node.input(1).replace_source_output(shaped.output(0))
    network.validate_nodes_and_infer_types()


def _may_use(flag: str) -> bool:
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    unlimited = limit in ("", "ALL", "DEFAULT")
    return flag in _flags() and (unlimited or any(part in limit for part in LIMITS_WITH[flag]))


def _flags() -> set[str]:
    """Return what the first processor has, as Linux calls it; of other systems nothing is known."""
    if not CPUINFO.is_file():
        return set()
    with CPUINFO.open(encoding="utf-8", errors="replace") as lines:  # of many cores only the first is read
        return next((set(line.split()) for line in lines if line.startswith("flags")), set())
