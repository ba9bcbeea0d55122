"""Asking a WAHA server about one of its sessions."""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from urllib.parse import quote

from integrations.providers.base.adapter import Credentials, Http, HttpResponse
from integrations.providers.base.credentials import secrets_in
from integrations.providers.base.errors import ProviderError, Refused
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Json
from integrations.providers.waha import errors
from integrations.providers.waha.forms import FIELDS

DONE: Final = frozenset({200, 201, 204})


@dataclass(frozen=True, slots=True)
class Api:
    """One operation on one session; `name` is the session's own name at WAHA."""

    name: str
    operation: str
    credentials: Credentials = field(repr=False)
    http: Http = field(repr=False)

    @property
    def path(self) -> str:
        return f"/api/sessions/{quote(self.name, safe='')}"

    @property
    def auth_path(self) -> str:
        return f"/api/{quote(self.name, safe='')}/auth"

    @property
    def lids_path(self) -> str:
        return f"/api/{quote(self.name, safe='')}/lids"

    def ask(self, method: str, path: str, json: Json = None) -> HttpResponse:
        return self.http.request(
            method,
            f"{self.base}{path}",
            operation=self.operation,
            headers={
                "X-Api-Key": self.credentials["api_key"],
                "Accept": "application/json",
            },
            json=json,
        )

    def fetch(self, path: str, *, into: BinaryIO, most: int) -> HttpResponse:
        """A file that the server keeps."""
        return self.http.request(
            "GET",
            f"{self.base}{path}",
            operation=self.operation,
            headers={"X-Api-Key": self.credentials["api_key"]},
            into=into,
            most=most,
        )

    def fetch_stored(self, url: str, *, into: BinaryIO, most: int) -> HttpResponse:
        """A file at a store that the server brings files to; our key is not for it."""
        return self.http.request(
            "GET", url, operation=self.operation, into=into, most=most
        )

    @property
    def base(self) -> str:
        return self.credentials["base_url"].rstrip("/")

    def do(
        self,
        method: str,
        path: str,
        json: Json = None,
        *,
        also: Container[int] = frozenset(),
    ) -> HttpResponse:
        """Ask for something; an answer that is neither done nor in `also` is raised.

        A 404 is one only in WAHA's own words.
        """
        response = self.ask(method, path, json)
        if response.status_code == 404 and not errors.is_own(response):
            raise Refused("not_waha", errors.NOT_WAHA)
        if response.status_code not in DONE and response.status_code not in also:
            raise self.error_of(response)
        return response

    def session(self) -> Reader:
        """What WAHA tells about the session."""
        return errors.answer_of(self.do("GET", self.path))

    def error_of(self, response: HttpResponse) -> ProviderError:
        return errors.error_of(response, secrets=secrets_in(FIELDS, self.credentials))
