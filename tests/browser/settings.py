"""What the server of the browser tests runs with: static files as production sends them."""

import os
from pathlib import Path

from config.settings.test import *  # noqa: F403
from config.settings.test import STORAGES

STATIC_ROOT = Path(os.environ["STATIC_ROOT"])
WHITENOISE_USE_FINDERS = False
WHITENOISE_AUTOREFRESH = False
STORAGES["staticfiles"] = {
    "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
}
ROOT_URLCONF = "tests.browser.urls"
