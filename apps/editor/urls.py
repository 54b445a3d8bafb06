"""Paths of the pages."""

from django.urls import path

from apps.editor import views

urlpatterns = [
    path("", views.DocumentsPage.as_view(), name="documents-page"),
    path("documents/<str:document_id>/", views.DocumentPage.as_view(), name="document-page"),
]
