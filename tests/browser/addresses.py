"""Every page a person may come to see, by the name of its address.

An address of the resolver that has no row here, or gives no reason why it shows no page,
fails `test_pages.py`.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Page as BrowserPage

from tests.browser.house import House

Act = Callable[[BrowserPage], object]


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
                (house if self.row == "stray" else shop).__getattribute__(self.row).key
            )
        kwargs |= _PLAIN.get(self.name, {})
        return reverse(self.name, kwargs=kwargs) + self.query


def press(selector: str) -> Act:
    """Press it, and wait for the page it leads to."""

    def act(page: BrowserPage) -> None:
        with page.expect_navigation():
            page.click(selector)

    return act


def open_up(selector: str, shown: str) -> Act:
    """Press it, and wait for what it opens on the same page."""

    def act(page: BrowserPage) -> None:
        page.click(selector)
        page.wait_for_selector(shown)

    return act


def _unfold(page: BrowserPage) -> None:
    """Every closed part of the page at once."""
    page.evaluate(
        "document.querySelectorAll('main details').forEach(d => d.open = true)"
    )


def _keep_less(page: BrowserPage) -> None:
    page.fill("[name=raw_webhook_days]", "7")
    page.fill("[name=channel_log_days]", "1")
    press("main form .button--primary")(page)


def _lose_cookies(page: BrowserPage) -> None:
    page.fill("[name=login]", "ana@example.com")
    page.fill("[name=password]", "x")
    page.context.clear_cookies()
    press("main form button[type=submit]")(page)


def _make_token(page: BrowserPage) -> None:
    """Another name each time: a page may be visited twice."""
    page.fill("[name=name]", f"ERP {secrets.token_hex(4)}")
    page.check("[name=scope_messages_send]")
    press("main form button")(page)


_ROOMS = {"tokens", "webhooks", "whatsapp", "integrations", "tickets"}
_PLAIN = {
    "account_confirm_email": {"key": "0-0"},
    "account_reset_password_from_key": {"uidb36": "0", "key": "0-0"},
    "whatsapp-public:link-follow": {"slug": "nenhum-link"},
    "accounts:invitation": {"token": "nenhum-convite"},
}
_CONTENT, _REPLAY = (
    "form[action$='/content/'] button",
    "form[action$='/replay/'] button",
)

PAGES = (
    Page("design"),
    Page("accounts:home"),
    Page("account_login", who="stranger"),
    Page("account_signup", who="stranger"),
    Page("account_inactive", who="stranger"),
    Page("account_email_verification_sent", who="stranger"),
    Page("account_confirm_email", who="stranger"),
    Page("account_reset_password", who="stranger"),
    Page("account_reset_password_done", who="stranger"),
    Page("account_reset_password_from_key", who="stranger"),
    Page("account_reset_password_from_key_done", who="stranger"),
    Page("account_logout"),
    Page("account_reauthenticate"),
    Page("account_email"),
    Page("account_change_password"),
    Page("tokens:token-list"),
    Page("tokens:token-new"),
    Page("tokens:token-revoke", "token"),
    Page("accounts:session-list"),
    Page("accounts:settings-sign-in"),
    Page("webhooks:home"),
    Page("webhooks:webhook-list"),
    Page("webhooks:webhook-detail", "webhook"),
    Page("webhooks:webhook-content", "webhook", act=press(_CONTENT)),
    Page("webhooks:webhook-replay", "webhook", act=press(_REPLAY)),
    Page("whatsapp:conversation-list"),
    Page("whatsapp:conversation-detail", "conversation"),
    Page("whatsapp:conversation-filters", query="?tab=mine&unread=1"),
    Page("whatsapp:lead-list"),
    Page("whatsapp:lead-filters", query="?rule=token"),
    Page("whatsapp:lead-detail", "lead"),
    Page("whatsapp:lead-edit", "lead"),
    Page("whatsapp:lead-origin", "lead"),
    Page("whatsapp:lead-notes", "lead"),
    Page("whatsapp:link-list"),
    Page("whatsapp:link-new"),
    Page("whatsapp:link-detail", "link"),
    Page("whatsapp:link-edit", "link"),
    Page("whatsapp:link-state", "link"),
    Page("whatsapp:link-clicks", "link"),
    Page("whatsapp:link-conversations", "link"),
    Page("whatsapp:sandbox-phone", "phone"),
    Page("whatsapp-public:link-follow", who="stranger", status=404),
    Page("integrations:channel-list"),
    Page("tickets:ticket-list"),
    Page("accounts:invitation", who="stranger", status=404),
    Page("accounts:settings-home"),
    Page("accounts:settings-workspace"),
    Page("accounts:settings-members"),
    Page("accounts:settings-member", "member"),
    Page("accounts:settings-member-remove", "member"),
    Page("accounts:settings-member-invite"),
    Page("accounts:settings-member-invitation-revoke", "invitation"),
    Page("accounts:settings-member-leave"),
    Page("accounts:settings-member-ownership"),
    Page("accounts:settings-applications"),
    Page("accounts:settings-audit"),
    Page("platform:webhook-list", who="operator"),
    Page("platform:webhook-detail", "stray", who="operator"),
    Page("platform:webhook-content", "stray", who="operator", act=press(_CONTENT)),
    Page("platform:webhook-replay", "stray", who="operator", act=press(_REPLAY)),
)
# The same addresses once more, in states that look different.
STATES = (
    Page("/nada/", shot="error-404", status=404),
    Page("/broken/", shot="error-500", status=500),
    Page("whatsapp:link-new", shot="error-403", who="agent", status=403),
    Page("account_login", shot="error-403-csrf", who="stranger", act=_lose_cookies),
    Page("/r/panfleto-padaria", shot="link-paused", who="stranger", status=410),
    Page("tokens:token-list", shot="empty-tokens", slug="nova"),
    Page("tokens:token-new", shot="token-new-wrong", act=press("main form button")),
    Page("tokens:token-new", shot="token-made", act=_make_token),
    Page(
        "webhooks:home",
        shot="menu",
        act=open_up(".menu--account button", ":popover-open"),
    ),
    Page("webhooks:home", shot="empty-home", slug="nova"),
    Page("webhooks:webhook-list", shot="empty-webhooks", slug="nova"),
    Page("webhooks:webhook-list", shot="webhooks-live", query="?live=1"),
    Page("webhooks:webhook-list", shot="webhooks-filtered", query="?state=leased"),
    Page("whatsapp:conversation-list", shot="empty-conversations", slug="nova"),
    Page("whatsapp:conversation-list", shot="conversations-mine", query="?tab=mine"),
    Page(
        "whatsapp:conversation-list",
        shot="conversations-filters",
        query="?unread=1&from=x",
    ),
    Page(
        "whatsapp:conversation-list", shot="conversations-closed", query="?tab=closed"
    ),
    Page("whatsapp:conversation-list", shot="search-found", query="?q=fermentacao"),
    Page("whatsapp:conversation-list", shot="search-nothing", query="?q=xyzxyz"),
    Page(
        "whatsapp:conversation-list",
        shot="shortcuts",
        act=open_up("[data-opens-shortcuts]", "dialog[open]"),
    ),
    Page("whatsapp:conversation-detail", "closed", shot="conversation-closed"),
    Page("whatsapp:conversation-detail", "conversation", shot="details", act=_unfold),
    Page("whatsapp:lead-list", shot="empty-leads", slug="nova"),
    Page("whatsapp:lead-list", shot="leads-filtered", query="?rule=token&link=nenhum"),
    Page("whatsapp:lead-detail", "merged", shot="lead-merged"),
    Page(
        "whatsapp:lead-origin",
        "lead",
        shot="lead-origin-wrong",
        act=press("main form button"),
    ),
    Page("whatsapp:link-list", shot="empty-links", slug="nova"),
    Page("whatsapp:link-new", shot="link-new-wrong", act=press("#link-form button")),
    Page("whatsapp:link-detail", "paused", shot="link-detail-paused"),
    Page("whatsapp:sandbox-phone", "phone", shot="phone-open", act=_unfold),
    Page("integrations:channel-list", shot="empty-channels", slug="nova"),
    Page("tickets:ticket-list", shot="empty-tickets", slug="nova"),
    Page("accounts:settings-home", shot="settings-home-agent", who="agent"),
    Page("accounts:settings-members", shot="settings-members-agent", who="agent"),
    Page("accounts:settings-audit", shot="settings-audit-open", act=_unfold),
    Page("accounts:settings-audit", shot="settings-audit-nothing", query="?person=xyz"),
    Page(
        "accounts:settings-workspace",
        shot="settings-workspace-shortened",
        act=_keep_less,
    ),
    Page(
        "accounts:settings-member-invite",
        shot="settings-invite-wrong",
        act=press("main form .button--primary"),
    ),
    Page("/invitations/convite-aberto/", shot="invitation-open", who="stranger"),
    Page(
        "/invitations/convite-vencido/",
        shot="invitation-over",
        who="stranger",
        status=410,
    ),
    Page("/invitations/convite-aberto/", shot="invitation-other", status=403),
)
# What an address gives where it shows no page.
NO_PAGES = {
    "healthz": "a word for programs",
    "readyz": "a word for programs",
    "metrics": "a word for programs",
    "api:user": "JSON for programs",
    "api:verify": "JSON for programs",
    "api:workspace": "JSON for programs",
    "accounts:preferences-update": "takes a post and goes back",
    "accounts:settings-member-invitation-renew": "takes a post and goes back",
    "accounts:settings-audit-verify": "takes a post and goes back",
    "accounts:settings-audit-csv": "a file",
    "accounts:settings-audit-jsonl": "a file",
    "accounts:invitation-account": "takes a post and goes to the identity server",
    "accounts:session-end": "takes a post and goes back",
    "accounts:settings-sign-in-rule-delete": "takes a post and goes back",
    "sso_login": "takes a post and goes to the identity server",
    "sso_callback": "where the identity server sends back to; see test_sign_in",
    "account_set_password": "sends on: who has no password gets none",
    "account_confirm_login_code": "sends on: no codes are mailed",
    "whatsapp:lead-export": "a file",
    "whatsapp:link-qr": "a picture",
    "whatsapp:link-qr-png": "a picture",
    "webhooks:webhook-raw": "a file",
    "webhooks:webhook-park": "takes a post and goes back",
    "platform:webhook-raw": "a file",
    "platform:webhook-park": "takes a post and goes back",
}


def names() -> list[str]:
    """Of every address of the product, in the order of the resolver."""
    found: list[str] = []
    _collect(get_resolver("config.urls"), "", found)
    return found


def _collect(resolver: URLResolver, space: str, found: list[str]) -> None:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else space
            _collect(pattern, inner, found)
        elif isinstance(pattern, URLPattern):
            found.append(f"{space}{pattern.name}")
