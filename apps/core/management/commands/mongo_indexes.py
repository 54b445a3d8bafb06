"""``manage.py mongo_indexes``: create the missing indexes in MongoDB."""

from collections.abc import Iterator
from typing import Any

from apps.core.management.operator import OperatorCommand, Result
from apps.core.mongo_indexes import indexes_ensure


class Command(OperatorCommand):
    """Create the missing indexes; a second run changes nothing."""

    help = __doc__

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Report each index, with whether it was created now."""
        for index, is_new in indexes_ensure():
            done = "created" if is_new else "unchanged"
            facts = {
                "collection": index.collection,
                "fields": list(index.fields),
                "unique": index.unique,
                "done": done,
            }
            yield Result(facts, [f"{index}: {done}"])
