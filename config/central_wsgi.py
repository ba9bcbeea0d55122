"""What serves the central OAuth server, with its hourly upkeep beside it."""

import importlib
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.central")

from config.wsgi import application  # after the settings are named

# By name, because it reads models, which are there only now.
importlib.import_module("accounts.central.upkeep").start()

__all__ = ["application"]
