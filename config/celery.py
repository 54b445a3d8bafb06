"""The Celery application: ``celery -A config worker`` and ``celery -A config beat``.

Django imports it when its apps are ready (``config.apps``), so that tasks find it.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

app = Celery("scriptorium", loader="config.celery_loader:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("apps.pipeline.bootstep:OperationsStep")
