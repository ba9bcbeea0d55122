"""What `manage.py up` and the commands beside it run with on a bare machine.

Keys and server addresses come from files that `manage.py up` wrote, unless they are set.
"""

import os

from config import env
from config.embedded import files

for _name, _value in files.environment(files.var_dir()).items():
    if not os.environ.get(_name):
        os.environ[_name] = _value
if not os.environ.get("DATABASE_URL"):
    raise env.BadSetting(
        "DATABASE_URL",
        "is not set and no `make run` is running from this directory",
        "Start `make run` in another terminal, or set DATABASE_URL and REDIS_URL.",
    )
os.environ.setdefault("RECADO_SANDBOX", "1")
os.environ.setdefault("LOG_FORMAT", "console")

from config.settings.base import *  # noqa: E402, F403
from config.settings.base import STORAGES  # noqa: E402

STATIC_ROOT = None  # type: ignore[assignment]  # base has a path; here nothing is collected
# Straight from the tree: a newcomer who edits a style sheet sees it without a build.
WHITENOISE_USE_FINDERS = True
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
