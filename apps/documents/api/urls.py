"""Paths of documents and sharing under ``/api/v1/``."""

from django.urls import path

from apps.documents.api import views

urlpatterns = [
    path("", views.ApiRootView.as_view(), name="api-root"),
    path("documents/", views.DocumentListView.as_view(), name="document-list"),
    path(
        "documents/<str:document_id>/", views.DocumentDetailView.as_view(), name="document-detail"
    ),
    path(
        "documents/<str:document_id>/restore/",
        views.DocumentRestoreView.as_view(),
        name="document-restore",
    ),
    path(
        "documents/<str:document_id>/permissions/",
        views.PermissionListView.as_view(),
        name="document-permissions",
    ),
    path(
        "documents/<str:document_id>/permissions/<number:pk>/",
        views.PermissionDetailView.as_view(),
        name="document-permission",
    ),
]
