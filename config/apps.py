"""The top room: settings, URLs, servers, health. It knows every other room."""

from contextlib import suppress
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Make our Celery the current one and register the deployment checks."""
        from config import celery_app, checks  # noqa: F401, PLC0415  # after the models

        if settings.FILE_UPLOAD_TEMP_DIR:
            with suppress(OSError):  # Django's own check then says that it is missing
                Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
