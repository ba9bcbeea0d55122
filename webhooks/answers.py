"""What the receiver answers when it stores nothing.

Providers send again whatever got one of these, so that nothing of an honest sender is lost.
"""

import logging

logger = logging.getLogger(__name__)

_CLOSE = (b"connection", b"close")


class Refusal(Exception):
    """An answer other than 200, with nothing stored."""

    def __init__(
        self, status: int, text: str, *, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


# Where a body was not read to its end, closing spares us from reading it only to throw it away.
def too_many(wait: int) -> Refusal:
    """`wait` in seconds."""
    return Refusal(
        429, "too many requests", headers=((b"retry-after", b"%d" % wait), _CLOSE)
    )


def too_large() -> Refusal:
    return Refusal(413, "body is too large", headers=(_CLOSE,))


def too_slow() -> Refusal:
    return Refusal(408, "body took too long", headers=(_CLOSE,))


def crowded() -> Refusal:
    return Refusal(503, "try again", headers=((b"retry-after", b"5"), _CLOSE))


def unavailable(reason: str) -> Refusal:
    logger.error("webhook answered 503", extra={"reason": reason})
    return Refusal(503, "try again", headers=((b"retry-after", b"5"),))
