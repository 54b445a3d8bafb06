"""Authorship as JSON by orjson: a long document has tens of thousands of pieces, mostly short."""

from collections.abc import Mapping
from typing import Any

import orjson

from apps.core.columns import datetime_of_ms
from apps.history.authorship import Authorship


def authorship_json(authorship: Authorship, authors: Mapping[str, Any], deletions: str) -> bytes:
    """Return an authorship as ``AuthorshipSerializer`` describes it; ``authors`` by their ids."""
    index = authorship.index
    bodies = {author_id: orjson.Fragment(orjson.dumps(body)) for author_id, body in authors.items()}
    pieces = [
        {
            "text": text,
            "author": bodies[index.author_ids[op_index]],
            "seq": index.seqs[op_index],
            "received_at": datetime_of_ms(index.received_ms[op_index]),
        }
        for text, op_index in zip(authorship.texts, authorship.op_indexes, strict=True)
    ]
    answer = {"seq": authorship.seq, "pieces": pieces, "deletions": deletions}
    return orjson.dumps(answer, option=orjson.OPT_UTC_Z)
