"""Log lines: one JSON object per event in production, one readable line in development.

Rooms log constant texts with ids. What still slips in (a secret in an exception, a number
in a path) is struck out here, before the line leaves the process.
"""

import contextvars
import json
import logging
import logging.handlers
import os
import re
import secrets
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

# Names what one request or one task logged; set by config.asgi, config.wsgi and Celery.
correlation_id: contextvars.ContextVar[str] = contextvars.ContextVar(
    "correlation_id", default=""
)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_PRIVATE_KEYS = frozenset(
    {
        *("text", "body", "headers", "phone", "wa_id", "email", "name", "payload"),
        *("authorization", "password", "secret", "token", "credentials", "api_key"),
        *("access_token", "refresh_token", "app_secret", "webhook_secret", "cookie"),
    }
)
STRUCK = "[redacted]"
_SHAPES = (
    # The secret part of a webhook URL.
    (re.compile(r"(/webhooks/whatsapp/)[^/\s\"'?]+"), rf"\1{STRUCK}"),
    # The link of an invitation stands for the address it was sent to.
    (re.compile(r"(/invit(?:ations|ed)/)[\w-]{40,}"), rf"\1{STRUCK}"),
    # The client's page of a ticket.
    (re.compile(r"(/t/)[\w:-]{40,}"), rf"\1{STRUCK}"),
    # The password of a server's URL.
    (re.compile(r"(\w://[^/\s:@]*:)[^/\s@]+(?=@)"), rf"\1{STRUCK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {STRUCK}"),
    (
        re.compile(
            r"(?i)\b((?:api[-_]?key|d360-api-key|access_token|refresh_token|token|secret"
            r"|password|authorization|x-hub-signature(?:-256)?)[\"']?\s*[:=]\s*[\"']?)"
            r"[^\s\"',;&}]{6,}"
        ),
        rf"\1{STRUCK}",
    ),
    # Service tokens of ours, tokens of Meta, and JSON Web Tokens.
    (re.compile(r"\brcd_[0-9A-Za-z]{16,}"), STRUCK),
    (re.compile(r"\bEA[A-Za-z0-9]{24,}"), STRUCK),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), STRUCK),
    # Phone numbers, as people and as providers write them.
    (re.compile(r"\+\d[\d\s().-]{7,18}\d"), STRUCK),
    (re.compile(r"(?<![\w.-])\d{10,15}(?![\w.-])"), STRUCK),
)
_WORD = 24  # a text up to this length is likely to come again
_SECRET_NAME = re.compile(r"(SECRET|PASSWORD|TOKEN|API_KEY|_KEYS?(_OLD)?)$")


def new_correlation_id() -> str:
    return secrets.token_hex(8)


class Redactor:
    """Strikes out the secrets this process was started with, and known shapes."""

    def __init__(self, known: Iterable[str]) -> None:
        longest_first = sorted({value for value in known if len(value) >= 8}, key=len)
        pattern = "|".join(re.escape(value) for value in reversed(longest_first))
        self._known = re.compile(pattern) if pattern else None

    def text(self, value: str) -> str:
        if self._known is not None:
            value = self._known.sub(STRUCK, value)
        return _of_known_words(value) if len(value) <= _WORD else _struck(value)

    def value(self, value: object, key: str = "") -> object:
        if key.lower() in _PRIVATE_KEYS:
            return STRUCK
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {str(k): self.value(v, str(k)) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return self.text(str(value))


def _struck(value: str) -> str:
    for shape, replacement in _SHAPES:
        value = shape.sub(replacement, value)
    return value


# Most of a busy worker's lines are the same few words over and over.
_of_known_words = lru_cache(maxsize=1024)(_struck)


def secrets_of_environment(environment: Iterable[tuple[str, str]]) -> list[str]:
    """The values that must never be printed, found by the names of their settings."""
    found: list[str] = []
    for name, value in environment:
        if _SECRET_NAME.search(name):
            found += [part.strip() for part in value.split(",")]
        elif name.endswith("_URL"):
            password = urlsplit(value).password
            found += [password, unquote(password)] if password else []
    return found


class _Formatter(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor
        self.process = os.environ.get("RECADO_PROCESS", "")

    def event(self, record: logging.LogRecord) -> dict[str, Any]:
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self.redactor.text(record.getMessage()),
        }
        if self.process:
            event["process"] = self.process
        if correlation := correlation_id.get():
            event["correlation_id"] = correlation
        for key, value in vars(record).items():
            if key not in _STANDARD and not key.startswith("_") and key not in event:
                event[key] = self.redactor.value(value, key)
        if record.exc_info and record.exc_info[0] is not None:
            event["exception"] = self.redactor.text(
                self.formatException(record.exc_info)
            )
        return event


class JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.event(record), ensure_ascii=False, default=str)


class ConsoleFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event = self.event(record)
        head = f"{event.pop('time')[11:19]} {event.pop('level'):7} "
        head += f"{event.pop('logger')}: {event.pop('event')}"
        exception = event.pop("exception", "")
        event.pop("process", None)
        event.pop("correlation_id", None)
        pairs = "".join(f" {key}={value}" for key, value in event.items())
        return f"{head}{pairs}" + (f"\n{exception}" if exception else "")


def configure(options: dict[str, Any]) -> None:
    """Django calls this with `settings.LOGGING`: level, format, integrations_path."""
    redactor = Redactor(secrets_of_environment(os.environ.items()))
    json_lines = JsonFormatter(redactor)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        json_lines if options["format"] == "json" else ConsoleFormatter(redactor)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(options["level"])
    # These name URLs, and so numbers and tokens, at INFO; what matters of an exchange
    # is a ChannelLog row.
    for name in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Two lines for every hint would drown the events.
    for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("django.server").propagate = True
    _log_integrations_to(options["integrations_path"], json_lines)


def _log_integrations_to(path: str, formatter: logging.Formatter) -> None:
    """The events of the outside world additionally go to a file that may be rotated."""
    logger = logging.getLogger("integrations")
    for handler in logger.handlers:
        handler.close()
    logger.handlers = []
    if not path:
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.WatchedFileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
