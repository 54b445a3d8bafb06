"""``documents/{id}/authorship/`` and ``deletions/``: authors of text and of deletions."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from apps.accounts.identity import caller
from apps.accounts.selectors import authors_named, people_named
from apps.core.api.costly import CostlyAPIView
from apps.core.api.input import validated
from apps.core.api.paging import paged
from apps.core.api.renderers import READY_RENDERERS, ReadyJSON
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_history_get
from apps.history.api.authorship_json import authorship_json
from apps.history.api.conflict_rows import conflict_rows
from apps.history.api.serializers import (
    AfterQuerySerializer,
    AuthorshipSerializer,
    ClientRunsSerializer,
    DeletionsPageSerializer,
    DeletionsQuerySerializer,
    MomentQuerySerializer,
    MoveConflictsSerializer,
)
from apps.history.authorship import client_runs, document_authorship
from apps.history.deletions import DeletedText, Deletion, deletions_page
from apps.history.move_conflicts import move_conflicts


class AuthorshipView(CostlyAPIView):
    """The author and time of each piece of the text, as the log has them."""

    renderer_classes = READY_RENDERERS

    @extend_schema(
        parameters=[MomentQuerySerializer],
        responses={200: AuthorshipSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """Return the pieces in document order; adjacent ones are of different operations."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        authorship = document_authorship(
            document_id=document_id,
            lineage=document.lineage,
            seq=validated(MomentQuerySerializer, request.query_params).get("seq"),
        )
        authors = authors_named(authorship.author_ids)
        deletions = reverse("document-deletions", args=[document_id], request=request)
        return Response(ReadyJSON(authorship_json(authorship, authors, deletions)))


class ClientRunsView(CostlyAPIView):
    """The authors of id ranges, for clients that hold the document itself."""

    @extend_schema(
        parameters=[AfterQuerySerializer],
        responses={200: ClientRunsSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """Return the id ranges inserted after an operation, for each client in order."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        after = validated(AfterQuerySerializer, request.query_params)["after"]
        seq, runs = client_runs(document_id=document_id, lineage=document.lineage, after=after)
        authors = people_named({run.author_id for run in runs})
        rows = [
            {
                "client": run.client,
                "first": run.first,
                "end": run.end,
                "author": int(run.author_id),
                "received_at": run.received_at,
            }
            for run in runs
        ]
        return Response({"seq": seq, "authors": list(authors.values()), "runs": rows})


class DeletionsView(CostlyAPIView):
    """The deletions of a document, the latest first."""

    @extend_schema(
        parameters=[DeletionsQuerySerializer],
        responses={200: DeletionsPageSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """List the operations that deleted something, with the text and its authors."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        query = validated(DeletionsQuerySerializer, request.query_params)
        rows = partial(
            deletions_page,
            document_id=document_id,
            lineage=document.lineage,
            lost_only=query["lost"],
        )
        return paged(
            request, query, rows, key=lambda deletion: deletion.origin.seq, bodies=_deletion_rows
        )


class MoveConflictsView(CostlyAPIView):
    """The move conflicts of a document that still stand, the latest first."""

    @extend_schema(responses={200: MoveConflictsSerializer, 403: ERROR, 404: ERROR})
    def get(self, request: Request, document_id: str) -> Response:
        """List the text that two edits at one time doubled, misplaced or brought back."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        conflicts = move_conflicts(document_id=document_id, lineage=document.lineage)
        return Response({"results": conflict_rows(conflicts)})


def _deletion_rows(page: Sequence[Deletion]) -> list[dict[str, Any]]:
    authors = authors_named(
        {
            origin.author_id
            for deletion in page
            for piece in (*deletion.pieces, *deletion.lost)
            for origin in (piece.origin, piece.brought_back)
            if origin is not None
        }
        | {deletion.origin.author_id for deletion in page}
    )
    return [
        {
            "seq": deletion.origin.seq,
            "author": authors[deletion.origin.author_id],
            "received_at": deletion.origin.received_at,
            "pieces": [_row(piece, deletion, authors) for piece in deletion.pieces],
            "written_into_deleted": [_row(piece, deletion, authors) for piece in deletion.lost],
            "bring_back": None
            if deletion.lost_seq is None
            else {"part": deletion.lost_part, "seq": deletion.lost_seq},
        }
        for deletion in page
    ]


def _row(piece: DeletedText, deletion: Deletion, authors: dict[str, Any]) -> dict[str, Any]:
    row = {
        "text": piece.text,
        "author": authors[piece.origin.author_id],
        "seq": piece.origin.seq,
        "received_at": piece.origin.received_at,
    }
    if (back := piece.brought_back) is not None:
        row["brought_back"] = {
            "author": authors[back.author_id],
            "seq": back.seq,
            "received_at": back.received_at,
            "moved": back.seq == deletion.origin.seq,
        }
    return row
