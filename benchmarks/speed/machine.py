"""What the benchmarks ran on."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.speed.options import usable_cores

INSTRUCTION_SETS = (
    "avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8",
    "asimd", "asimddp", "bf16", "i8mm", "sve",
)  # fmt: skip
"""Those that decide how fast matrices are multiplied, as Linux calls them."""

PACKAGES = (
    "numpy", "onnxruntime", "openvino", "sentence-transformers", "tokenizers", "torch", "transformers",
)  # fmt: skip


def describe_machine(threads: int) -> dict[str, Any]:
    """Return processor, instruction sets, threads, memory and versions, ready for JSON."""
    cpuinfo = _read("/proc/cpuinfo")
    return {
        "cpu": cpu_model(cpuinfo) or platform.processor() or platform.machine(),
        "instruction_sets": instruction_sets(cpuinfo),
        "cores": usable_cores(),
        "threads": threads,
        "memory_gb": memory_gb(_read("/proc/meminfo")),
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


def cpu_model(cpuinfo: str) -> str:
    """Return the processor's name from the text of ``/proc/cpuinfo``; empty where it says none."""
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    if found is None:
        return ""
    codes = [
        number[1]
        for key in ("cpu family", "model")
        if (number := re.search(rf"^{key}\s*:\s*(\d+)$", cpuinfo, re.MULTILINE))
    ]
    # a virtual machine calls many different processors by the same name: the numbers tell them apart
    return found[1].strip() + (f" (family {codes[0]}, model {codes[1]})" if len(codes) == 2 else "")


def instruction_sets(cpuinfo: str) -> list[str]:
    """Return those of ``INSTRUCTION_SETS`` that the first processor in ``/proc/cpuinfo`` has."""
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    return [name for name in INSTRUCTION_SETS if name in flags]


def memory_gb(meminfo: str) -> float | None:
    """Return the size of the memory in units of 10^9 bytes."""
    found = re.search(r"^MemTotal:\s*(\d+) kB$", meminfo, re.MULTILINE)
    return round(int(found[1]) * 1024 / 1e9, 1) if found else None


def peak_mb() -> float:
    """Return the most memory that this process ever held, in units of 10^6 bytes.

    From the kernel's count for this very program: ``getrusage`` would hand down the parent's.
    """
    found = re.search(r"^VmHWM:\s*(\d+) kB$", _read("/proc/self/status"), re.MULTILINE)
    if found:
        return round(int(found[1]) * 1024 / 1e6, 1)
    import resource

    unit = 1 if platform.system() == "Darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def _read(path: str) -> str:
    file = Path(path)
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
