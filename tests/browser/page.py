"""A page as a person comes to it: its address, who they are, and what they do first."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from tests.browser.acts import Act
from tests.browser.house import House

JOINING = ("to_scan", "to_type", "to_open", "late", "refused", "wired")
_AT_COUNTER = ("answered", "expired", "canned")
_OF_HOUSE = {
    "stray",
    "down",
    "lasting",
    "gone",
    *JOINING,
    *_AT_COUNTER,
}  # not the shop's
_ROOMS = {"tokens", "events", "webhooks", "whatsapp", "integrations", "tickets"}
_PLAIN = {
    "account_confirm_email": {"key": "0-0"},
    "account_reset_password_from_key": {"uidb36": "0", "key": "0-0"},
    "help:page": {"page": "tracked-links"},
    "whatsapp-public:link-follow": {"slug": "nenhum-link"},
    "accounts:invitation": {"token": "nenhum-convite"},
    "integrations:connect-credentials": {"provider": "waha"},
    "integrations:connect-return": {"provider": "dialog360"},
    "tickets-public:ticket": {"token": "nenhum"},
    "sandbox:phone": {"key": "00000000-0000-4000-8000-000000000000"},
}


@dataclass(frozen=True)
class Page:
    """`name` is its address's, `shot` the screenshot's; `act` is done before looking."""

    name: str
    row: str = ""  # of the shop; stands for the key in the address
    shot: str = ""
    query: str = ""
    who: str = "owner"
    act: Act | None = None
    status: int = 200
    slug: str = ""  # another workspace than the shop's

    @property
    def shown(self) -> str:
        return self.shot or self.name.replace(":", "-").replace("_", "-")

    def path(self, house: House, shop: Any = None) -> str:
        shop = shop or house.shop
        if self.name.startswith("/"):
            return self.name + self.query
        kwargs: dict[str, Any] = {}
        in_workspace = self.name.startswith("accounts:settings-")
        if in_workspace or self.name.partition(":")[0] in _ROOMS:
            kwargs["workspace_slug"] = self.slug or shop.workspace.slug
        if self.row:
            kwargs["key"] = (
                (house if self.row in _OF_HOUSE else shop)
                .__getattribute__(self.row)
                .key
            )
        kwargs |= _PLAIN.get(self.name, {})
        return reverse(self.name, kwargs=kwargs) + self.query
