"""``…/diff/`` of a version and of any seq: the changes and their authors."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.identity import caller
from apps.accounts.selectors import people_named
from apps.core.api.costly import CostlyAPIView
from apps.core.api.input import validated
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_history_get
from apps.history.api.diff_rows import segment_row
from apps.history.api.serializers import (
    DiffSerializer,
    MomentAgainstSerializer,
    VersionAgainstSerializer,
)
from apps.history.diff import states_diff
from apps.history.snapshot import Snapshot
from apps.history.states import state_at, version_state, version_state_before


class VersionDiffView(CostlyAPIView):
    """The changes from one version to another."""

    @extend_schema(
        parameters=[VersionAgainstSerializer],
        responses={200: DiffSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str, number: int) -> Response:
        """Return the segments of both states, in document order."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        against = validated(VersionAgainstSerializer, request.query_params).get("against")
        later = version_state(document_id=document_id, number=number)
        if against is None:
            earlier = version_state_before(document_id=document_id, number=number)
        else:
            earlier = version_state(document_id=document_id, number=against)
        return _answer(document_id, document.lineage, earlier, later)


class MomentDiffView(CostlyAPIView):
    """The changes from one seq to another."""

    @extend_schema(
        parameters=[MomentAgainstSerializer],
        responses={200: DiffSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str, seq: int) -> Response:
        """Return the segments of both states, in document order."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        query = validated(MomentAgainstSerializer, request.query_params)
        later = state_at(document_id=document_id, seq=seq)
        against = query.get("against", max(seq - 1, 0))
        earlier = state_at(document_id=document_id, seq=against)
        return _answer(document_id, document.lineage, earlier, later)


def _answer(document_id: str, lineage: str, earlier: Snapshot, later: Snapshot) -> Response:
    segments = states_diff(document_id=document_id, lineage=lineage, earlier=earlier, later=later)
    authors: dict[str, Any] = people_named(
        {author_id for segment in segments for author_id in segment.author_ids}
    )
    # Not by the serializer, which takes ten times as long: a document has thousands of segments.
    changes = [segment_row(segment, authors) for segment in segments]
    return Response({"against": earlier.seq, "seq": later.seq, "changes": changes})
