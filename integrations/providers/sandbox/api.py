"""The sandbox's gateway and one number at it: requests out, answers in or a typed error."""

from dataclasses import dataclass
from typing import BinaryIO, Final
from urllib.parse import quote

from integrations.providers.base.adapter import Credentials, Http, HttpResponse
from integrations.providers.base.credentials import secrets_in
from integrations.providers.base.errors import (
    OutcomeUnknown,
    ProviderError,
    Unreadable,
)
from integrations.providers.base.reader import Reader, read
from integrations.providers.base.types import Json
from integrations.providers.sandbox.errors import NOT_JSON, error_of
from integrations.providers.sandbox.forms import FIELDS, channel

KEY_HEADER: Final = "x-sandbox-key"
# How the gateway says that a number stands.
WAITING, LINKED, UNSTEADY = "waiting", "linked", "unsteady"
ABSENT, UNLINKED, USED_UP = "absent", "unlinked", "used_up"


@dataclass(frozen=True, slots=True)
class Gateway:
    """`api_base` is Recado itself: the gateway is a part of it, reached like any other."""

    api_base: str
    credentials: Credentials
    http: Http
    operation: str

    @property
    def number(self) -> str:
        return channel(self.credentials).external_id or ""

    def ask(
        self, method: str, what: str, *, json: Json = None, query: str = ""
    ) -> Reader:
        """`what` is the last word of the address. Raises what errors.py tells."""
        response = self.request(method, what, json=json, query=query)
        if not 200 <= response.status_code < 300:
            raise self.error_of(response)
        try:
            return read(response.content)
        except Unreadable:
            raise OutcomeUnknown("unreadable_answer", NOT_JSON) from None

    def request(
        self,
        method: str,
        what: str,
        *,
        json: Json = None,
        content: bytes | None = None,
        content_type: str = "",
        query: str = "",
        into: BinaryIO | None = None,
        most: int | None = None,
    ) -> HttpResponse:
        """Whatever comes back; `query` is where a list goes on."""
        number = quote(self.number, safe="")
        address = f"{self.api_base.rstrip('/')}/sandbox/gateway/{number}/{what}/"
        headers = {KEY_HEADER: self.credentials["webhook_secret"]}
        if content_type:
            headers["Content-Type"] = content_type
        return self.http.request(
            method,
            f"{address}?after={quote(query, safe='')}" if query else address,
            operation=self.operation,
            headers=headers,
            json=json,
            content=content,
            into=into,
            most=most,
        )

    def error_of(self, response: HttpResponse) -> ProviderError:
        return error_of(response, secrets=secrets_in(FIELDS, self.credentials))
