"""The central server's settings over those of the suite, so that its tests run in it.

Its applications are installed in the suite for their tables; here the rest is put on:
addresses, middleware, templates, adapters, cookies, token rules.
"""

import importlib
import os
from typing import Any

from django.conf import settings

# These are the suite's: its database, its fast hashing, its static files, its log.
_KEPT = {
    *("DATABASES", "INSTALLED_APPS", "PASSWORD_HASHERS", "CACHES", "SECRET_KEY"),
    *("STORAGES", "STATIC_ROOT", "WHITENOISE_USE_FINDERS", "WHITENOISE_AUTOREFRESH"),
    *("EMAIL_BACKEND", "LOGGING", "VAR_DIR", "MEDIA_ROOT", "WSGI_APPLICATION"),
}


def overrides() -> dict[str, Any]:
    os.environ.setdefault("CENTRAL_DATABASE_URL", os.environ["DATABASE_URL"])
    os.environ.setdefault("CENTRAL_URL", "http://localhost:8001")
    module = importlib.import_module("config.settings.central")
    return {
        name: value
        for name, value in vars(module).items()
        if name.isupper()
        and name not in _KEPT
        and getattr(settings, name, None) != value
    }
