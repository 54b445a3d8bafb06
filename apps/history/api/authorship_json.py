"""An authorship as JSON: a long document has tens of thousands of pieces, most of them short."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, Final

from apps.history.authorship import Authorship

_MINUTE_MS: Final = 60_000
#: Of ``2026-11-24T03:13:``.
_MINUTE_CHARS: Final = 17
#: What stands behind the minutes of a moment, as DRF writes it.
_SECONDS: Final = [f"{second:02}" for second in range(60)]
_FRACTIONS: Final = ["Z", *(f".{ms:03}000Z" for ms in range(1, 1_000))]


def authorship_json(authorship: Authorship, authors: Mapping[str, Any], deletions: str) -> str:
    """Return an authorship as ``AuthorshipSerializer`` describes it; ``authors`` by their ids."""
    quoted: Callable[[str], str] = encode_basestring
    bodies = {author_id: _compact(author) for author_id, author in authors.items()}
    seqs, author_ids = authorship.clocks.seqs, authorship.clocks.author_ids
    received_ms, minute = authorship.clocks.received_ms, _Minutes()
    rows = [
        f'{{"text":{quoted(text)},"author":{bodies[author_ids[place]]},"seq":{seqs[place]},'
        f'"received_at":"{minute[(ms := received_ms[place]) // _MINUTE_MS]}'
        f'{_SECONDS[ms // 1_000 % 60]}{_FRACTIONS[ms % 1_000]}"}}'
        for text, place in zip(authorship.texts, authorship.places, strict=True)
    ]
    pieces = ",".join(rows)
    return f'{{"seq":{authorship.seq},"pieces":[{pieces}],"deletions":{quoted(deletions)}}}'


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Minutes(dict[int, str]):
    """How the moments of a minute since 1970 begin: operations come many to the minute."""

    def __missing__(self, minute: int) -> str:
        moment = datetime.fromtimestamp(minute * 60, UTC)
        begin = self[minute] = moment.isoformat()[:_MINUTE_CHARS]
        return begin
