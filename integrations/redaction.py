"""What may be written down of an exchange with a provider. Pure; http.py comes before.

Everything is masked first and cut afterwards, so that no cut leaves half a secret.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

from integrations import masking
from integrations.masking import MASK

BODY_LIMIT = 4 * 1024
# A larger body is told by its size: parsing it again only for the log costs too much.
READ_LIMIT = 256 * 1024
# A shorter value would blank out half the text wherever it happens to occur.
SHORTEST_SECRET = 4
ALWAYS = frozenset(
    {
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "app_secret",
        "appsecret_proof",
        "authorization",
        "client_secret",
        "cookie",
        "d360-api-key",
        "hub.verify_token",
        "password",
        "proxy-authorization",
        "refresh_token",
        "secret",
        "set-cookie",
        "token",
        "verify_token",
        "x-amz-signature",
        "x-api-key",
    }
)
# Secret in a query or a form, but an everyday word in a JSON answer.
ALWAYS_IN_QUERIES = ALWAYS | {"code", "key", "sig", "signature"}
# Exchanges about one person: their log tells that and how, never what or to whom.
ABOUT_PEOPLE = frozenset(
    {"find_by_lid", "find_message", "find_person", "mark_read", "send", "show_typing"}
)
_PERSON_IN_PATH = re.compile(r"\d{8,15}(?=(?:@|%40))")


class Redactor:
    """Masks by name (`keys`, in any case) and by value (`secrets`, however written)."""

    def __init__(self, *, keys: Iterable[str], secrets: Iterable[str]) -> None:
        self.keys = frozenset(key.lower() for key in keys) | ALWAYS
        forms = {form for secret in secrets for form in _written_forms(secret)}
        # Longest first: a secret may hold another one.
        self._forms = sorted(forms, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def text(self, value: str) -> str:
        for form in self._forms:
            value = value.replace(form, MASK)
        return _storable(value)

    def url(self, value: str, *, hides_people: bool = False) -> str:
        parts = urlsplit(value)
        host = parts.netloc.rpartition("@")[2]
        path, query = parts.path, self._query(parts.query, hides_people=hides_people)
        if hides_people:
            path = _PERSON_IN_PATH.sub(lambda found: f"***{found[0][-4:]}", path)
        return self.text(urlunsplit((parts.scheme, host, path, query, "")))

    def headers(self, headers: Mapping[str, str]) -> str:
        return "\n".join(
            f"{name}: {self._header(name.lower(), value)}"
            for name, value in headers.items()
        )

    def _header(self, name: str, value: str) -> str:
        if name in self.keys:
            return MASK
        if name in {"location", "content-location", "referer"}:  # often a signed URL
            try:
                return self.url(value)
            except ValueError:
                return MASK
        return self.text(value)

    def body(
        self,
        content: bytes,
        content_type: str,
        *,
        hides_people: bool = False,
        is_error: bool = False,
    ) -> str:
        """`hides_people`: no text and no number of a person stays, only what the exchange
        is found again by; where `is_error`, also what the provider says about it."""
        if not content:
            return ""
        if len(content) > READ_LIMIT or not _is_text(content, content_type):
            return f"({len(content)} bytes)"
        text = content.decode("utf-8", "replace")
        if "x-www-form-urlencoded" in content_type:
            return self._cut(self.text(self._query(text, hides_people=hides_people)))
        if text.lstrip()[:1] not in {"{", "["}:
            if hides_people:
                if not is_error:
                    return f"({len(content)} bytes)"
                text = masking.without_numbers(text)
            return self._cut(self.text(text))
        try:
            value = self._mask(json.loads(text))
            if hides_people:
                value = masking.mask_send(value, secret=self.keys, is_error=is_error)
            masked = json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            return f"({len(content)} bytes of broken JSON)"
        return self._cut(self.text(masked))

    def _query(self, text: str, *, hides_people: bool = False) -> str:
        keys = self.keys | ALWAYS_IN_QUERIES
        pairs = parse_qsl(text, keep_blank_values=True)
        if hides_people:
            told = masking.mask_send(
                [{name: value} for name, value in pairs], secret=(), is_error=False
            )
            # In stars, since an address has no room for other marks.
            pairs = [
                (name, value.replace(masking.HIDDEN, MASK))
                for one in told
                for name, value in one.items()
            ]
        return urlencode(
            [(name, MASK if name.lower() in keys else value) for name, value in pairs],
            safe="*",
        )

    def _mask(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                self.text(name): MASK
                if name.lower() in self.keys
                else self._mask(content)
                for name, content in value.items()
            }
        if isinstance(value, list):
            return [self._mask(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def _cut(self, text: str) -> str:
        return text if len(text) <= BODY_LIMIT else text[:BODY_LIMIT] + "…"


def _written_forms(secret: str) -> set[str]:
    """List the ways in which a secret turns up in URLs, JSON and headers."""
    if len(secret) < SHORTEST_SECRET:
        return set()
    raw = secret.encode("utf-8", "replace")
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    in_base64 = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return {
        secret,
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        *in_json,
        *in_base64,
    }


def _is_text(content: bytes, content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    told = kind.startswith("text/") or kind.endswith(("json", "xml", "urlencoded"))
    return told or (not kind and b"\0" not in content)


def _storable(text: str) -> str:
    """Leave out what PostgreSQL cannot keep in a text: NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
