"""One Evolution server and one instance on it: requests out, answers in or a typed error."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from integrations.providers.base.adapter import Credentials, Http, HttpResponse
from integrations.providers.base.credentials import secrets_in
from integrations.providers.base.errors import (
    ProviderError,
    Refused,
    Unavailable,
    Unreadable,
)
from integrations.providers.base.reader import Reader, decode
from integrations.providers.base.redaction import mask
from integrations.providers.base.types import Json
from integrations.providers.evolution.errors import (
    NOT_JSON,
    error_of,
    is_own,
    words_of,
)
from integrations.providers.evolution.forms import FIELDS

OPEN: Final = "open"
CONNECTING: Final = "connecting"
_NOT_THERE: Final = frozenset({404, 405})


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, or one of the refusals that the caller said it understands."""

    response: HttpResponse
    value: Json

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def body(self) -> Reader:
        return Reader(self.value if type(self.value) is dict else {})


@dataclass(frozen=True, slots=True)
class Record:
    """What the server has written down of an instance; its state may lag behind."""

    state: str
    owner: str | None  # digits of the phone that scanned last
    profile_name: str | None
    reason_code: str | None


@dataclass(frozen=True, slots=True)
class Server:
    credentials: Credentials
    http: Http
    operation: str

    @property
    def instance(self) -> str:
        return self.credentials["instance_name"]

    @property
    def secrets(self) -> list[str]:
        return secrets_in(FIELDS, self.credentials)

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Json = None,
        understood: frozenset[int] = frozenset(),
        most: int | None = None,
    ) -> Answer:
        """A path ends with our instance where it says `{}`. Raises what errors.py tells."""
        response = self._request(method, path, json, most=most)
        if 400 <= response.status_code < 500 and not is_own(response):
            raise Unavailable("unreadable_answer", NOT_JSON)
        if response.status_code in understood:
            return Answer(response, None)
        if not 200 <= response.status_code < 300:
            raise self.error(response)
        try:
            value = decode(response.content)
        except Unreadable:
            raise Unavailable("unreadable_answer", NOT_JSON) from None
        return Answer(response, value)

    def post(self, path: str, json: Json) -> HttpResponse:
        """Whatever comes back to a send: sending.py says what it means."""
        return self._request("POST", path, json)

    def _request(
        self, method: str, path: str, json: Json, *, most: int | None = None
    ) -> HttpResponse:
        name = quote(self.instance, safe="")
        return self.http.request(
            method,
            self.credentials["base_url"].rstrip("/") + path.replace("{}", name),
            operation=self.operation,
            headers={"apikey": self.credentials["api_key"]},
            json=json,
            most=most,
        )

    def error(self, response: HttpResponse) -> ProviderError:
        return error_of(response, secrets=self.secrets)

    def state(self) -> str | None:
        """The live word on the connection; None where there is no such instance."""
        answer = self.ask(
            "GET", "/instance/connectionState/{}", understood=frozenset({404})
        )
        if answer.status == 404:
            return None
        instance = answer.body.find_section("instance") or Reader({})
        return (instance.find_text("state", most=60) or "").lower()

    def prove(self) -> None:
        """Raise Refused unless instances are listed here, whichever this key may see."""
        try:
            answer = self.ask("GET", "/instance/fetchInstances", understood=_NOT_THERE)
        except Unavailable as error:
            if error.code != "unreadable_answer":
                raise
            raise Refused("not_evolution", NOT_JSON) from None
        if answer.status in _NOT_THERE or type(answer.value) is not list:
            raise Refused("not_evolution", NOT_JSON)

    def record(self) -> Record | None:
        """What a token of one instance asks for is that one, whatever name is given."""
        answer = self.ask(
            "GET",
            "/instance/fetchInstances?instanceName={}",
            understood=frozenset({404}),
        )
        for entry in Reader({"all": answer.value}).find_items("all"):
            if entry.find_text("name") == self.instance:
                return Record(
                    state=(entry.find_text("connectionStatus") or "").lower(),
                    owner=phone_of(entry.find_text("ownerJid")),
                    profile_name=entry.find_text("profileName", most=100),
                    reason_code=entry.find_code("disconnectionReasonCode"),
                )
        return None

    def connect(self, phone: str = "") -> Reader:
        """The code under way, or `instance` when a phone is there; begins if need be."""
        query = f"?number={quote(phone, safe='')}" if phone else ""
        return self.working(self.ask("GET", "/instance/connect/{}" + query))

    def restart(self) -> Reader:
        return self.working(self.ask("POST", "/instance/restart/{}"))

    def working(self, answer: Answer) -> Reader:
        """The server tells some of its own failures with a 200."""
        if answer.body.is_true("error"):
            detail = mask(words_of(answer.body), self.secrets)
            raise Unavailable("server_error", detail[:300])
        return answer.body


def phone_of(jid: str | None) -> str | None:
    """The digits of `5511…:7@s.whatsapp.net`; None for any other kind of address."""
    name, _, server = (jid or "").partition("@")
    digits = name.partition(":")[0]
    is_phone = server in ("s.whatsapp.net", "c.us") and digits.isascii()
    return digits if is_phone and digits.isdigit() and 5 <= len(digits) <= 20 else None
