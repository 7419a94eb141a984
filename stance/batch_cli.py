"""``stance classify FILE``: a batch run from the command line, here or on a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stance.opening import open_classifier


def classify_files(options: argparse.Namespace) -> dict[str, int]:
    """Do the batch run that the options ask for, here or on a cluster."""
    classify = _engine(options)
    try:
        return classify(
            options.pairs,
            options.out,
            resume=options.resume,
            progress=not options.json,
            shards=options.shards,
            rows_per_shard=options.rows_per_shard,
        )
    except KeyboardInterrupt as interrupt:
        interrupt.args = tuple(_what_is_kept(options))  # the command line says it and ends
        raise


def _what_is_kept(options: argparse.Namespace) -> list[str]:
    """Say how to go on after an interruption; nothing where no run had begun, or its place is a URL."""
    from stance.inference.manifest import parts_folder
    from stance.inference.shards import MANIFEST

    folder = parts_folder(options.out, shards=options.shards)
    if not Path(folder, MANIFEST).is_file():
        return []
    return [f"the parts that were finished are kept in {folder!r}: go on with the same command and --resume"]


def _engine(options: argparse.Namespace) -> Callable[..., dict[str, int]]:
    if options.engine == "ray":
        from stance.inference.ray_engine import Pool, classify_on_ray

        least, most = options.workers or (1, None)
        pool = Pool(model=options.model, device=options.device, least=least, most=most)
        return partial(classify_on_ray, pool)
    from stance.inference.batch import classify_file

    return partial(classify_file, open_classifier(options))
