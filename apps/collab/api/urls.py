"""Paths of the live path's REST calls, under ``/api/v1/``."""

from django.urls import path

from apps.collab.api.views import OperationsView

urlpatterns = [
    path(
        "documents/<str:document_id>/operations/",
        OperationsView.as_view(),
        name="document-operations",
    ),
]
