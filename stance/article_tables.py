"""Tables about whole articles: the example board, verdicts, and who takes the stances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stance.cards import table
from stance.page_tables import shown_interval


def example_table(example: Mapping[str, Any]) -> str:
    """Return the board of the example, right verdicts in brackets where they are others, and its terms."""
    rows = [
        (
            row["claim"],
            row["standing"],
            *(
                given if given == right else f"{given} ({right})"
                for given, right in zip(row["verdicts"], row["truth"], strict=True)
            ),
        )
        for row in example["claims"]
    ]
    pairs = [pair for row in example["claims"] for pair in zip(row["verdicts"], row["truth"], strict=True)]
    right = sum(given == truth for given, truth in pairs)
    return (
        f"{table(('claim', 'standing', *example['articles']), rows)}\n\n"
        "The model was trained on other claims against the same sentences, not on these. "
        f"{right} of {len(pairs)} cells are right; where one is wrong, the verdict by our own labels stands "
        "in brackets. Take the board as a list of sentences to read, not as findings.\n\n"
        "A sentence counts for a side when the model gives that side a probability of at least "
        f"{example['decisive']}. An article *supports* or *denies* a claim when its sentences take one side, "
        "is *disputed* when they take both, else *neutral*."
    )


def verdicts_table(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how often verdicts of whole articles are right."""
    verdicts = next(iter(sets.values()))["verdicts"]
    rows = [
        (
            name,
            one["n"],
            one["clusters"],
            *(
                f"{one[score]:.3f}{shown_interval(one['interval'][score])}"
                for score in ("accuracy", "macro_f1")
            ),
            *(one["f1"][verdict] for verdict in verdicts),
        )
        for name, one in sets.items()
    ]
    head = ("evaluation", "articles x claims", "groups", "accuracy", "macro-F1")
    return table((*head, *(f"F1 {verdict}" for verdict in verdicts)), rows)


def voices_table(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how often the voice is named right, where the label is right."""
    rows = [
        (name, one["sides"], part["pairs"], which, part["exact"], part["token_f1"])
        for name, one in sets.items()
        for which, part in (("all", one), ("named", one["named"]))
    ]
    head = ("evaluation", "sides", "label right", "voices", "exact", "token-F1")
    return table(head, rows)
