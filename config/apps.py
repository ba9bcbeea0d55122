"""The top room: settings, URLs, servers, health. It knows every other room."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
