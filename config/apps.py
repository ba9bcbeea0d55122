"""The top room: settings, URLs, servers, health. It knows every other room."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Make our Celery the current one and register the deployment checks."""
        from config import celery_app, checks  # noqa: F401, PLC0415  # after the models
