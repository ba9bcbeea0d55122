"""What the server of the browser tests runs with: static files as production sends them."""

import os
from pathlib import Path

from config import env_storage
from config.settings.test import *  # noqa: F403
from config.settings.test import MEDIA_ROOT, STORAGES

STATIC_ROOT = Path(os.environ["STATIC_ROOT"])
WHITENOISE_USE_FINDERS = False
WHITENOISE_AUTOREFRESH = False
STORAGES["default"] = env_storage.read(MEDIA_ROOT)
STORAGES["staticfiles"] = {
    "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
}
ROOT_URLCONF = "tests.browser.urls"
