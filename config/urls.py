"""The paths of the product, from the lists of the apps."""

from django.contrib import admin
from django.urls import include, path

from apps.core.api.converters import converters_register
from apps.core.api.schema_view import SchemaView, reference_view

converters_register()

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", reference_view, name="api-docs"),
    # Before those of documents, where "import" would be read as an id.
    path("api/v1/", include("apps.edits.api.urls")),
    path("api/v1/", include("apps.collab.api.urls")),
    path("api/v1/", include("apps.documents.api.urls")),
    path("api/v1/", include("apps.attachments.api.urls")),
    path("api/v1/", include("apps.accounts.api.urls")),
    path("api/v1/", include("apps.history.api.urls")),
    path("api/v1/", include("apps.activity.api.urls")),
    # The same pages under the names of the browsable API, so that it shows "Log in" and "Log out".
    path("", include(("apps.accounts.urls", "rest_framework"))),
    path("", include("apps.accounts.urls")),
    path("", include("apps.editor.urls")),
]

handler400 = "apps.core.error_views.bad_request"
handler404 = "apps.core.error_views.not_found"
handler500 = "apps.core.error_views.server_error"
