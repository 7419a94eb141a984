"""``python -m benchmarks.speed``: one measurement or all of them, from the root of a clone.

Writes ``benchmarks/results/NAME.json`` for each, and prints its tables.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from stance.checkpoint import default_checkpoint
from stance.errors import StanceError
from stance.files import write_json
from stance.output import say
from stance.speed_tables import MEASUREMENTS, read_speed, section

from benchmarks.speed.machine import describe_machine
from benchmarks.speed.options import Options
from benchmarks.speed.plot import draw


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.speed", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["all", "plot", *MEASUREMENTS])
    for one in fields(Options):
        kind = {"out": Path, "contenders": str}.get(one.name, int)
        default: Any = one.default if one.default is not MISSING else "all cores"
        parser.add_argument(f"--{one.name}", type=kind, help=f"default: {default}")
    given = vars(parser.parse_args())
    what = given.pop("what")
    options = Options(**{name: value for name, value in given.items() if value is not None})
    for name in MEASUREMENTS if what == "all" else [one for one in MEASUREMENTS if one == what]:
        say(f"measuring: {name}")
        about = {
            "checkpoint": default_checkpoint().digest,
            "machine": describe_machine(options.threads),
            "rounds": options.rounds,
        }
        try:
            result = importlib.import_module(f"benchmarks.speed.{name}").measure(options)
        except StanceError as error:
            say(f"{name}: {error}")
            return 1
        write_json(options.out / f"{name}.json", {**about, **result})
        print(section(name, read_speed(options.out)), flush=True)
    draw(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
