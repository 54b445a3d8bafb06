"""Paths of the history's REST calls, under ``/api/v1/``."""

from django.urls import path

from apps.history.api.authorship_views import (
    AuthorshipView,
    ClientRunsView,
    DeletionsView,
    MoveConflictsView,
)
from apps.history.api.diff_views import MomentDiffView, VersionDiffView
from apps.history.api.export_views import ExportView
from apps.history.api.settings_views import HistorySettingsView
from apps.history.api.version_views import (
    MomentStateView,
    VersionStateView,
    VersionsView,
    VersionView,
)
from apps.history.api.views import StateView

DOCUMENT = "documents/<str:document_id>"

urlpatterns = [
    path(f"{DOCUMENT}/state/", StateView.as_view(), name="document-state"),
    path(f"{DOCUMENT}/authorship/", AuthorshipView.as_view(), name="document-authorship"),
    path(
        f"{DOCUMENT}/authorship/clients/",
        ClientRunsView.as_view(),
        name="document-authorship-clients",
    ),
    path(f"{DOCUMENT}/deletions/", DeletionsView.as_view(), name="document-deletions"),
    path(
        f"{DOCUMENT}/move-conflicts/", MoveConflictsView.as_view(), name="document-move-conflicts"
    ),
    path(f"{DOCUMENT}/at/<number:seq>/state/", MomentStateView.as_view(), name="document-at-state"),
    path(f"{DOCUMENT}/export/<str:kind>/", ExportView.as_view(), name="document-export"),
    path(
        f"{DOCUMENT}/history-settings/",
        HistorySettingsView.as_view(),
        name="document-history-settings",
    ),
    path(f"{DOCUMENT}/versions/", VersionsView.as_view(), name="document-versions"),
    path(f"{DOCUMENT}/versions/<number:number>/", VersionView.as_view(), name="document-version"),
    path(
        f"{DOCUMENT}/versions/<number:number>/state/",
        VersionStateView.as_view(),
        name="document-version-state",
    ),
    path(
        f"{DOCUMENT}/versions/<number:number>/diff/",
        VersionDiffView.as_view(),
        name="document-version-diff",
    ),
    path(f"{DOCUMENT}/at/<number:seq>/diff/", MomentDiffView.as_view(), name="document-at-diff"),
]
