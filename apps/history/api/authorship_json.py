"""Authorship as JSON by orjson: a long document has tens of thousands of pieces, mostly short."""

from collections.abc import Mapping
from typing import Any

import orjson

from apps.core.columns import datetime_of_ms
from apps.history.authorship import Authorship


def authorship_json(authorship: Authorship, authors: Mapping[str, Any], deletions: str) -> bytes:
    """Return an authorship as ``AuthorshipSerializer`` describes it; ``authors`` by their ids."""
    index = authorship.clocks
    bodies = {author_id: orjson.Fragment(orjson.dumps(body)) for author_id, body in authors.items()}
    pieces = [
        {
            "text": text,
            "author": bodies[index.author_ids[place]],
            "seq": index.seqs[place],
            "received_at": datetime_of_ms(index.received_ms[place]),
        }
        for text, place in zip(authorship.texts, authorship.places, strict=True)
    ]
    answer = {"seq": authorship.seq, "pieces": pieces, "deletions": deletions}
    return orjson.dumps(answer, option=orjson.OPT_UTC_Z)
