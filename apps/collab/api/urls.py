"""Paths of the live path's REST calls, under ``/api/v1/``."""

from django.urls import path

from apps.collab.api.import_views import ContentImportView, DocumentImportView
from apps.collab.api.log_views import PackedLogView
from apps.collab.api.restore_views import AuthorUndoView, MomentRestoreView, VersionRestoreView
from apps.collab.api.views import OperationsView

urlpatterns = [
    path("documents/import/", DocumentImportView.as_view(), name="document-import"),
    path(
        "documents/<str:document_id>/import/",
        ContentImportView.as_view(),
        name="document-content-import",
    ),
    path(
        "documents/<str:document_id>/operations/",
        OperationsView.as_view(),
        name="document-operations",
    ),
    path(
        "documents/<str:document_id>/operations/stream/",
        PackedLogView.as_view(),
        name="document-operations-stream",
    ),
    path(
        "documents/<str:document_id>/versions/<int:number>/restore/",
        VersionRestoreView.as_view(),
        name="document-version-restore",
    ),
    path(
        "documents/<str:document_id>/at/<int:seq>/restore/",
        MomentRestoreView.as_view(),
        name="document-at-restore",
    ),
    path("documents/<str:document_id>/undo/", AuthorUndoView.as_view(), name="document-undo"),
]
