"""Paths of the trail's REST call, under ``/api/v1/``."""

from django.urls import path

from apps.activity.api.sitting_views import SittingsView
from apps.activity.api.views import ActivityView

urlpatterns = [
    path("documents/<str:document_id>/activity/", ActivityView.as_view(), name="document-activity"),
    path(
        "documents/<str:document_id>/writing-sessions/",
        SittingsView.as_view(),
        name="document-writing-sessions",
    ),
]
