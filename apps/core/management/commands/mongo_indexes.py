"""``manage.py mongo_indexes``: make the indexes in MongoDB that are missing, or say why not."""

from collections.abc import Iterator
from typing import Any

from apps.core.management.operator import Answer, OperatorCommand
from apps.core.mongo_indexes import indexes_ensure


class Command(OperatorCommand):
    """Make the indexes that are missing; a second time changes nothing."""

    help = __doc__

    def answers(self, options: dict[str, Any]) -> Iterator[Answer]:
        """Tell of each index whether it was made now."""
        for index, is_new in indexes_ensure():
            done = "created" if is_new else "unchanged"
            facts = {
                "collection": index.collection,
                "fields": list(index.fields),
                "unique": index.unique,
                "done": done,
            }
            yield Answer(facts, [f"{index}: {done}"])
