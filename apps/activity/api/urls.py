"""Paths of the activity's REST calls, under ``/api/v1/``."""

from django.urls import path

from apps.activity.api.views import ActivityView
from apps.activity.api.writing_session_views import WritingSessionsView

urlpatterns = [
    path("documents/<str:document_id>/activity/", ActivityView.as_view(), name="document-activity"),
    path(
        "documents/<str:document_id>/writing-sessions/",
        WritingSessionsView.as_view(),
        name="document-writing-sessions",
    ),
]
