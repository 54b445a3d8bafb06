"""REST paths of the log, under ``/api/v1/``."""

from django.urls import path

from apps.collab.api.log_views import LogStreamView
from apps.collab.api.views import OperationsView

urlpatterns = [
    path(
        "documents/<str:document_id>/operations/",
        OperationsView.as_view(),
        name="document-operations",
    ),
    path(
        "documents/<str:document_id>/operations/stream/",
        LogStreamView.as_view(),
        name="document-operations-stream",
    ),
]
