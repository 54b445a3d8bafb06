"""Paths of tokens, people and groups under ``/api/v1/``."""

from django.urls import path

from apps.accounts.api import views

urlpatterns = [
    path("auth/token/", views.TokenObtainView.as_view(), name="token-obtain"),
    path("auth/token/refresh/", views.TokenRefreshView.as_view(), name="token-refresh"),
    path("auth/token/revoke/", views.TokenRevokeView.as_view(), name="token-revoke"),
    path("auth/token/session/", views.SessionTokenView.as_view(), name="token-session"),
    path("users/me/", views.MeView.as_view(), name="user-me"),
    path("users/", views.UserSearchView.as_view(), name="user-list"),
    path("groups/", views.GroupSearchView.as_view(), name="group-list"),
]
