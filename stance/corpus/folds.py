"""Leave-one-outlet-out: how a model does on the articles of an outlet that it has not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stance.corpus.audit import near_duplicates
from stance.corpus.build import Row
from stance.corpus.examples import SPLITS
from stance.errors import InputError


def leave_out(rows: Mapping[str, Sequence[Row]], outlet: str) -> dict[str, list[Row]]:
    """Return the splits with one outlet held out.

    Claim families stay where they are. The test split keeps the outlet's sentences only, so the
    test splits of all outlets together are the whole one. Training and validation keep the other
    outlets' sentences, less those that repeat a sentence of the outlet, as wire copy does.

    Parameters
    ----------
    rows : mapping of str to sequence of dict
        The splits of a stand-off corpus, in either edition.
    outlet : str
        Its article id.

    Raises
    ------
    InputError
        If the corpus has no such article.
    """
    texts = {row["sentence_id"]: row["sentence"] for split in SPLITS for row in rows[split]}
    articles = {row["sentence_id"]: row["article_id"] for split in SPLITS for row in rows[split]}
    if outlet not in articles.values():
        raise InputError(f"no article {outlet!r} in the corpus; expected one of {', '.join(outlets(rows))}")
    own = {sentence for sentence, article in articles.items() if article == outlet}
    repeats = {one for pair in near_duplicates(texts) if own & set(pair) for one in pair}
    kept = {split: set(texts) - own - repeats for split in SPLITS} | {"test": own}
    return {split: [row for row in rows[split] if row["sentence_id"] in kept[split]] for split in SPLITS}


def outlets(rows: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return the article ids of a corpus, sorted."""
    return sorted({row["article_id"] for split in SPLITS for row in rows[split]})
