"""``documents/{id}/authorship/``: who wrote which words."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.input import validated
from apps.accounts.api.responses import ERROR
from apps.accounts.identity import caller
from apps.accounts.selectors import authors_named
from apps.documents.selectors import document_get
from apps.history.api.serializers import (
    AfterQuerySerializer,
    AuthorshipSerializer,
    ClientRunsSerializer,
    MomentQuerySerializer,
)
from apps.history.authorship import AuthoredPiece, client_runs, document_authorship


class AuthorshipView(APIView):
    """Who wrote each piece of the text, and when: by the log, not by what clients say."""

    @extend_schema(
        parameters=[MomentQuerySerializer],
        responses={200: AuthorshipSerializer, 400: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """Return the pieces in document order; adjacent ones came with other operations."""
        document, _ = document_get(user=caller(request), document_id=document_id)
        seq, pieces = document_authorship(
            document_id=document_id,
            lineage=document.lineage,
            seq=validated(MomentQuerySerializer, request.query_params).get("seq"),
        )
        authors = authors_named({piece.origin.author_id for piece in pieces})
        # Not by the serializer, which takes ten times as long: a document has thousands of pieces.
        return Response({"seq": seq, "pieces": [_row(piece, authors) for piece in pieces]})


class ClientRunsView(APIView):
    """Who brought which clocks of which client: for whoever has the document itself."""

    @extend_schema(
        parameters=[AfterQuerySerializer],
        responses={200: ClientRunsSerializer, 400: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """Return the runs of clocks that came after an operation, of each client in order."""
        document, _ = document_get(user=caller(request), document_id=document_id)
        after = validated(AfterQuerySerializer, request.query_params)["after"]
        seq, runs = client_runs(document_id=document_id, lineage=document.lineage, after=after)
        authors = authors_named({run.author_id for run in runs})
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


def _row(piece: AuthoredPiece, authors: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": piece.text,
        "author": authors[piece.origin.author_id],
        "seq": piece.origin.seq,
        "received_at": piece.origin.received_at,
    }
