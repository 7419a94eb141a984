"""What an installation brings: megabytes, packages, and whether anything of it wants a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed import silence
from benchmarks.speed.options import Options

TORCH = "torch==2.13.0"
CONSTRAINTS = "constraints.txt"


def measure(options: Options) -> dict[str, Any]:
    """Install both into environments of their own; the same packages as are tested (constraints.txt)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _call([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", name, "."])
        wheel = next(folder.glob("*.whl"))
        empty = _environment(folder / "empty", [])
        core = _environment(folder / "core", [str(wheel)])
        torch = _environment(folder / "torch", ["transformers", TORCH])
        sizes = {
            "core": contents(core, without=empty),
            "transformers and torch": contents(torch, without=empty),
        }
        return {
            "wheel_mb": megabytes(wheel),
            **sizes,
            "torch_over_core": sizes["transformers and torch"]["mb"] / sizes["core"]["mb"],
            "network": network_use(core / "bin" / "python"),
        }


def contents(environment: Path, without: Path) -> dict[str, Any]:
    """Return size and packages of an environment beyond those of an empty one."""
    had = _packages(without)
    packages = {name: version for name, version in _packages(environment).items() if name not in had}
    return {
        "mb": round(megabytes(environment) - megabytes(without), 1),
        "count": len(packages),
        "packages": packages,
        "telemetry_packages": [name for name in packages if "telemetry" in name],
    }


def megabytes(path: Path) -> float:
    """Return the size of a file or of all files of a folder, in units of 10^6 bytes."""
    files = [path] if path.is_file() else (file for file in path.rglob("*") if not file.is_symlink())
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def network_use(python: Path) -> dict[str, Any]:
    """Use the package of an environment where opening a socket kills the process."""
    if not silence.can_forbid():
        return {"checked": False}
    program = [str(python), "-I", str(Path(silence.__file__).resolve())]
    with tempfile.TemporaryDirectory() as home:
        # the working folder is not the clone, so that the installed package is used
        done, control = (
            subprocess.run(
                command, cwd=home, env={**os.environ, "HOME": home}, capture_output=True, text=True
            )
            for command in (program, [*program, "--open-one"])
        )
        left = sorted(str(file.relative_to(home)) for file in Path(home).rglob("*"))
    used = json.loads(done.stdout) if done.returncode == 0 else {"messages": done.stderr[-1000:]}
    return {
        "checked": True,
        "filter_works": control.returncode < 0,
        # a process that it started would be killed alone, so there must be none
        "opened_no_socket": done.returncode == 0 and not used["processes"],
        "files_left_at_home": left,
        **used,
    }


def _environment(folder: Path, packages: Sequence[str]) -> Path:
    venv.create(folder, with_pip=True)
    if packages:
        install = ["install", "--quiet", "--constraint", str(Path(CONSTRAINTS).resolve())]
        _call([str(folder / "bin" / "python"), "-m", "pip", *install, *packages])
    return folder


def _packages(environment: Path) -> dict[str, str]:
    python = environment / "bin" / "python"
    done = _call([str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"])
    return {package["name"]: package["version"] for package in json.loads(done)}


def _call(command: Sequence[str]) -> str:
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout
