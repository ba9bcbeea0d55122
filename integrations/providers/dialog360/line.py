"""How 360dialog is asked: one number's own API by its key, the hub's by the partner's key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from integrations.providers.base.adapter import Credentials, Http, HttpResponse
from integrations.providers.base.credentials import secrets_in
from integrations.providers.base.errors import (
    MediaGone,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unreadable,
)
from integrations.providers.base.reader import Reader, decode
from integrations.providers.cloud_payload.media import GONE
from integrations.providers.dialog360.errors import error_of
from integrations.providers.dialog360.forms import (
    FIELDS,
    base_of,
    is_partner,
    key_of,
)

HUB_API: Final = "https://hub.360dialog.io/api/v2"
_WORKED: Final = (200, 201, 202, 204)


@dataclass(frozen=True, slots=True)
class Line:
    """360dialog for one number's credentials and one operation."""

    credentials: Credentials = field(repr=False)
    http: Http = field(repr=False)
    settings: Mapping[str, str] = field(repr=False)
    operation: str

    def ask_number(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Reader:
        """The answer of the number's own API."""
        response = self.http.request(
            method,
            self.address + path,
            operation=self.operation,
            headers=self._headers(),
            json=body,
        )
        return self._read(response, is_question=method == "GET")

    def post(self, path: str, body: Mapping[str, Any]) -> HttpResponse:
        """Whatever comes back to a send: sending.py says what it means."""
        return self.http.request(
            "POST",
            self.address + path,
            operation=self.operation,
            headers=self._headers(),
            json=body,
        )

    def post_form(self, path: str, form: tuple[bytes, str]) -> Reader:
        content, content_type = form
        response = self.http.request(
            "POST",
            self.address + path,
            operation=self.operation,
            headers={**self._headers(), "Content-Type": content_type},
            content=content,
        )
        return self._read(response, is_question=True)

    def fetch(self, path: str, *, into: BinaryIO, most: int) -> None:
        response = self.http.request(
            "GET",
            self.address + path,
            operation=self.operation,
            headers=self._headers(),
            into=into,
            most=most,
        )
        if response.status_code in GONE:
            raise MediaGone(f"http_{response.status_code}")
        if response.status_code != 200:
            raise self.error_of(response)

    @property
    def address(self) -> str:
        return base_of(self.credentials, self.settings)

    def _headers(self) -> dict[str, str]:
        return {"D360-API-KEY": key_of(self.credentials, self.settings)}

    def ask_hub(
        self,
        method: str,
        *steps: str,
        query: str = "",
        body: Mapping[str, Any] | None = None,
    ) -> Reader:
        """The answer of the partner API, below the partner's own path."""
        if not is_partner(self.settings):
            raise Refused("no_partner", "this installation is no partner of 360dialog")
        base = (self.settings.get("partner_api_base") or HUB_API).rstrip("/")
        path = "/".join(
            quote(step, safe="")
            for step in ("partners", self.settings["partner_id"], *steps)
        )
        response = self.http.request(
            method,
            f"{base}/{path}" + (f"?{query}" if query else ""),
            operation=self.operation,
            headers={"x-api-key": self.settings["partner_key"]},
            json=body,
        )
        return self._read(response, is_question=method == "GET")

    def _read(self, response: HttpResponse, *, is_question: bool) -> Reader:
        """What was answered. Whoever asked insists on JSON; an order was taken anyway."""
        if response.status_code not in _WORKED:
            raise self.error_of(response)
        try:
            value = decode(response.content or b"{}")
        except Unreadable:
            if is_question:
                raise OutcomeUnknown("unreadable_answer", "not JSON") from None
            value = {}
        return Reader(value if type(value) is dict else {"data": value})

    def error_of(self, response: HttpResponse) -> ProviderError:
        secrets = [
            *secrets_in(FIELDS, self.credentials),
            self.settings.get("api_key", ""),
            self.settings.get("partner_key", ""),
        ]
        return error_of(response, secrets=secrets)


def filter_by_id(channel_id: str) -> str:
    """The query for one channel: its filter is JSON within the URL."""
    told = json.dumps({"id": channel_id}, separators=(",", ":"))
    return f"limit=20&offset=0&filters={quote(told, safe='')}"
