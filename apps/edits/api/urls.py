"""REST paths of edits that the server makes, under ``/api/v1/``."""

from django.urls import path

from apps.edits.api.import_views import (
    ContentImportView,
    DocumentDuplicateView,
    DocumentImportView,
)
from apps.edits.api.restore_views import AuthorUndoView, MomentRestoreView, VersionRestoreView

urlpatterns = [
    path("documents/import/", DocumentImportView.as_view(), name="document-import"),
    path(
        "documents/<str:document_id>/duplicate/",
        DocumentDuplicateView.as_view(),
        name="document-duplicate",
    ),
    path(
        "documents/<str:document_id>/import/",
        ContentImportView.as_view(),
        name="document-content-import",
    ),
    path(
        "documents/<str:document_id>/versions/<number:number>/restore/",
        VersionRestoreView.as_view(),
        name="document-version-restore",
    ),
    path(
        "documents/<str:document_id>/at/<number:seq>/restore/",
        MomentRestoreView.as_view(),
        name="document-at-restore",
    ),
    path("documents/<str:document_id>/undo/", AuthorUndoView.as_view(), name="document-undo"),
]
