"""A piece of text that must not be seen: what the vault's callers carry secrets in.

Room 0, the vault. It hides itself wherever text is made by accident (logs, pages, JSON,
pickles, tracebacks with their variables) and shows itself only to `reveal()`.
"""

import hmac
from typing import Any, NoReturn, Self

_HIDDEN = "••••••"


class Secret:
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            # The value itself stays out of the message.
            raise TypeError(f"a Secret holds text, not {type(value).__name__}")
        self._value = value

    def reveal(self) -> str:
        return self._value

    # A page template calls what it finds; this mark makes it refuse `{{ secret.reveal }}`.
    reveal.alters_data = True  # type: ignore[attr-defined]  # Django's own convention

    def __str__(self) -> str:
        return _HIDDEN

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN})"

    def __format__(self, spec: str) -> str:
        return _HIDDEN

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"),
            other._value.encode("utf-8", "surrogatepass"),
        )

    # A hash could be compared with those of guesses.
    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret does not leave its process")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret does not leave its process")
