"""The test suite: the same engines, throw-away keys, fast password hashing."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("INTEGRATIONS_KEY", "11" * 32)
os.environ.setdefault("RECADO_SANDBOX", "1")
# mypy's plug-in reads these settings with no server at hand.
os.environ.setdefault("DATABASE_URL", "postgresql://recado@127.0.0.1:5432/recado")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/15")

from config.settings.base import *  # noqa: F403
from config.settings.base import DATABASES, INSTALLED_APPS, STORAGES

DATABASES["default"]["OPTIONS"].pop("pool")  # type: ignore[attr-defined]  # tests own their one connection
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_ROOT = None  # type: ignore[assignment]  # base has a path; here nothing is collected
WHITENOISE_USE_FINDERS = True
STORAGES["default"] = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True  # no directory of collected files is needed
# The central server's own, so that its rows have tables; `tests/central` puts on the rest
# of `config.settings.central`. Recado itself runs without them.
_CENTRAL = (
    "accounts.central",
    "allauth.usersessions",
    "allauth.idp.oidc",
)
INSTALLED_APPS = [*dict.fromkeys([*INSTALLED_APPS, *_CENTRAL])]
PASSWORD_HASHERS.append("accounts.central.hashers.RandomSecretHasher")
# Tests empty tables, which to the fence is an older database; those about it give a file.
OUTBOX_FENCE_FILE = None
