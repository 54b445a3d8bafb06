"""Paths of attachments under ``/api/v1/``."""

from django.urls import path

from apps.attachments.api import views

urlpatterns = [
    path(
        "documents/<str:document_id>/attachments/",
        views.AttachmentListView.as_view(),
        name="document-attachments",
    ),
    path(
        "documents/<str:document_id>/attachments/<str:file_id>/",
        views.AttachmentDetailView.as_view(),
        name="document-attachment",
    ),
]
