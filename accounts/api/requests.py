"""What a request brings: its JSON, and the key under which it may be repeated."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest

from accounts.api.answers import Problem

JSON: Final = "application/json"
LARGEST_BODY: Final = 64 * 1024  # bytes
LONGEST_KEY: Final = 128


def read_body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request, no more of it than is read anyway."""
    if request.content_type != JSON:
        raise wrong_type()
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > LARGEST_BODY:
        raise _too_large()
    return read_json(bytes(request.read(LARGEST_BODY + 1)))


def read_json(body: bytes) -> dict[str, Any]:
    """An object, or the Problem that says what the body is instead."""
    if len(body) > LARGEST_BODY:
        raise _too_large()
    try:
        told = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Problem(400, "invalid_json", "The body is not JSON.") from None
    if not isinstance(told, dict):
        raise Problem(400, "invalid_json", "The body is no JSON object.")
    return told


def wrong_type() -> Problem:
    return Problem(415, "unsupported_media_type", "Send application/json.")


def _too_large() -> Problem:
    return Problem(413, "too_large", "The body is larger than 64 KB.")


def _no_number(word: str) -> None:
    raise ValueError(word)


def digest_of(told: Mapping[str, Any]) -> str:
    """The same for the same request, however it was written."""
    try:
        written = json.dumps(told, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise Problem(400, "invalid_json", "The body is nested too deep.") from None
    return hashlib.sha256(written.encode()).hexdigest()


def idempotency_key(header: str | None) -> str:
    key = (header or "").strip()
    if not key:
        raise Problem(
            400,
            "idempotency_key_needed",
            "Send an Idempotency-Key: a request repeated with it is done once.",
        )
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Problem(
            400,
            "invalid_idempotency_key",
            f"An Idempotency-Key has up to {LONGEST_KEY} printable ASCII characters.",
        )
    return key


def key_reused() -> Problem:
    return Problem(
        409,
        "idempotency_key_reused",
        "This Idempotency-Key stands for another request.",
    )
