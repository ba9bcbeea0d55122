"""Where files of messages rest, read from the environment: a folder, or an S3 bucket.

Read by `config/settings/base.py` alone; everything else asks Django's default storage.
"""

import importlib.util
from pathlib import Path
from typing import Any

from config import env


def read(media_root: Path) -> dict[str, Any]:
    """Django's `default` storage."""
    bucket = env.text("MEDIA_S3_BUCKET", "")
    if not bucket:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            # Nobody but Recado reads them: pages are served by a view that asks who it is.
            "OPTIONS": {
                "location": str(media_root),
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }
    if importlib.util.find_spec("storages") is None:
        raise env.BadSetting(
            "MEDIA_S3_BUCKET",
            "is set and django-storages is not installed",
            "Install it with `pip install -r requirements-s3.lock`.",
        )
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": env.url("MEDIA_S3_ENDPOINT", "") or None,
            "region_name": env.text("MEDIA_S3_REGION", "") or None,
            "access_key": env.text("MEDIA_S3_ACCESS_KEY", "") or None,
            "secret_key": env.text("MEDIA_S3_SECRET_KEY", "") or None,
            "location": env.text("MEDIA_S3_PREFIX", ""),
            "default_acl": None,  # the bucket's own, which should be private
            "file_overwrite": True,  # keys are never used twice: nobody has to ask first
        },
    }


def limits() -> dict[str, int]:
    """Bytes that are kept of a received file, by the kind of its message.

    WhatsApp itself lets through 16 MB of most and 100 MB of a document; phones send more.
    """
    sound = _bytes(env.integer("MEDIA_MAX_MB_AUDIO", 32, least=1, most=2048))
    picture = _bytes(env.integer("MEDIA_MAX_MB_IMAGE", 16, least=1, most=2048))
    return {
        "image": picture,
        "sticker": picture,
        "audio": sound,
        "voice": sound,
        "video": _bytes(env.integer("MEDIA_MAX_MB_VIDEO", 100, least=1, most=2048)),
        "document": _bytes(
            env.integer("MEDIA_MAX_MB_DOCUMENT", 100, least=1, most=2048)
        ),
    }


def _bytes(megabytes: int) -> int:
    return megabytes * 1024 * 1024
