"""Where files rest: a folder, or a bucket where one is named."""

import importlib.util

import pytest

from config import env, env_storage


def test_without_a_bucket_files_rest_in_a_folder_that_nobody_else_reads(tmp_path):
    told = env_storage.read(tmp_path)

    assert told["BACKEND"].endswith("FileSystemStorage")
    assert told["OPTIONS"]["location"] == str(tmp_path)
    assert told["OPTIONS"]["file_permissions_mode"] == 0o600


def test_a_bucket_needs_its_package_and_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("MEDIA_S3_BUCKET", "recado")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(env.BadSetting, match="MEDIA_S3_BUCKET"):
        env_storage.read(tmp_path)


def test_a_bucket_is_read_with_all_that_belongs_to_it(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    for name, value in {
        "BUCKET": "recado",
        "ENDPOINT": "https://s3.example.com",
        "REGION": "sa-east-1",
        "ACCESS_KEY": "id",
        "SECRET_KEY": "key",
        "PREFIX": "loja",
    }.items():
        monkeypatch.setenv(f"MEDIA_S3_{name}", value)

    told = env_storage.read(tmp_path)

    assert told["BACKEND"] == "storages.backends.s3.S3Storage"
    assert (
        told["OPTIONS"]
        | {
            "bucket_name": "recado",
            "endpoint_url": "https://s3.example.com",
            "region_name": "sa-east-1",
            "access_key": "id",
            "secret_key": "key",
            "location": "loja",
            "default_acl": None,
        }
        == told["OPTIONS"]
    )


def test_limits_are_megabytes_and_voices_are_sounds(monkeypatch):
    monkeypatch.setenv("MEDIA_MAX_MB_AUDIO", "7")

    told = env_storage.limits()

    assert told["audio"] == told["voice"] == 7 * 1024 * 1024
    assert set(told) == {"image", "video", "audio", "voice", "document", "sticker"}


def test_a_limit_that_is_none_stops_the_start_by_name(monkeypatch):
    monkeypatch.setenv("MEDIA_MAX_MB_VIDEO", "0")

    with pytest.raises(env.BadSetting, match="MEDIA_MAX_MB_VIDEO"):
        env_storage.limits()
