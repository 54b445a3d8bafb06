"""Registration of the app with Django."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """The ``documents`` app."""

    name = "apps.documents"
    label = "documents"

    def ready(self) -> None:
        """Register the checks, and the titles for pages of lower apps."""
        from apps.core.document_names import provide_search, provide_titles
        from apps.documents import checks  # noqa: F401 - registers itself
        from apps.documents.selectors import ids_by_title, titles_by_id

        provide_titles(titles_by_id)
        provide_search(ids_by_title)
