"""How the Graph API is asked: its address, a key for each question, and its errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urlencode, urlsplit

from integrations.providers.base.adapter import Credentials, Http, HttpResponse
from integrations.providers.base.credentials import secrets_in
from integrations.providers.base.errors import (
    MediaGone,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unreadable,
)
from integrations.providers.base.reader import Reader, read
from integrations.providers.base.sending import read_answer
from integrations.providers.cloud_payload.errors import error_of
from integrations.providers.cloud_payload.media import GONE
from integrations.providers.meta_cloud.forms import FIELDS

API_BASE: Final = "https://graph.facebook.com"
API_VERSION: Final = "v25.0"
_HOSTS: Final = re.compile(r"([a-z0-9-]+\.)*(fbsbx|facebook|fbcdn|whatsapp)\.(com|net)")


def following(page: Reader) -> str:
    """Where a list goes on. Its last page names no next one, though it too has a cursor."""
    paging = page.find_section("paging") or Reader({})
    cursors = paging.find_section("cursors") or Reader({})
    return (cursors.find_text("after") or "") if paging.has("next") else ""


@dataclass(frozen=True, slots=True)
class Graph:
    """The Graph API for one number's credentials and one operation."""

    credentials: Credentials = field(repr=False)
    http: Http = field(repr=False)
    settings: Mapping[str, str] = field(repr=False)
    operation: str

    def ask(
        self,
        method: str,
        *steps: str,
        fields: str = "",
        limit: int = 0,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        token: str = "",
    ) -> Reader:
        """The answer to a question about one node; `token` is used instead of the number's.

        Raises what cloud_payload.errors makes of any other answer.
        """
        told = {"fields": fields, "limit": str(limit) if limit else "", **(query or {})}
        response = self.http.request(
            method,
            self.url(*steps, query=told),
            operation=self.operation,
            headers=self._headers(token),
            json=body,
        )
        if response.status_code not in (200, 201):
            raise self.error_of(response)
        try:
            return read(response.content or b"{}")
        except Unreadable:
            if method == "GET":  # a page of whoever stands between; an order was taken
                raise OutcomeUnknown("unreadable_answer", "not JSON") from None
            return Reader({})

    def post(self, *steps: str, body: Mapping[str, Any]) -> HttpResponse:
        """Whatever comes back to a send: sending.py says what it means."""
        return self.http.request(
            "POST",
            self.url(*steps),
            operation=self.operation,
            headers=self._headers(),
            json=body,
        )

    def post_form(self, *steps: str, form: tuple[bytes, str]) -> Reader:
        content, content_type = form
        response = self.http.request(
            "POST",
            self.url(*steps),
            operation=self.operation,
            headers={**self._headers(), "Content-Type": content_type},
            content=content,
        )
        if response.status_code not in (200, 201):
            raise self.error_of(response)
        return read_answer(response)

    def fetch(self, url: str, *, into: BinaryIO, most: int) -> HttpResponse:
        """A file at the address that its node has told, which is at Meta or nowhere."""
        if not self._is_at_meta(url):
            raise Refused(
                "foreign_address", "the file is said to be at a foreign address"
            )
        response = self.http.request(
            "GET",
            url,
            operation=self.operation,
            headers=self._headers(),
            follow_redirects=True,
            into=into,
            most=most,
        )
        if response.status_code in GONE:
            raise MediaGone(f"http_{response.status_code}")
        if response.status_code != 200:
            raise self.error_of(response)
        return response

    def url(self, *steps: str, query: Mapping[str, str] | None = None) -> str:
        version = self.settings.get("api_version") or API_VERSION
        path = "/".join(quote(step, safe="") for step in steps)
        told = {name: one for name, one in (query or {}).items() if one}
        written = f"?{urlencode(told, safe=',')}" if told else ""
        return f"{self._base}/{version}/{path}{written}"

    def error_of(self, response: HttpResponse) -> ProviderError:
        return error_of(response, secrets=secrets_in(FIELDS, self.credentials))

    @property
    def _base(self) -> str:
        return (self.settings.get("api_base") or API_BASE).rstrip("/")

    def _headers(self, token: str = "") -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self.credentials['access_token']}"}

    def _is_at_meta(self, url: str) -> bool:
        """The token goes with the question, so to nobody else."""
        parts = urlsplit(url)
        is_https = parts.scheme == "https" and not parts.username
        is_theirs = bool(_HOSTS.fullmatch(parts.hostname or ""))
        return (is_https and is_theirs) or url.startswith(f"{self._base}/")

    @property
    def number_id(self) -> str:
        return self.credentials["phone_number_id"]

    @property
    def account_id(self) -> str:
        return self.credentials["waba_id"]
