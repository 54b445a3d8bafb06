"""Paths of the history's REST calls, under ``/api/v1/``."""

from django.urls import path

from apps.history.api.views import StateView

urlpatterns = [
    path("documents/<str:document_id>/state/", StateView.as_view(), name="document-state"),
]
