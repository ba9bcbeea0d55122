"""Every page a person may come to see, by the name of its address.

An address of the resolver that has no row here, or gives no reason why it shows no page,
fails `test_pages.py`.
"""

import secrets
import time
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
                (house if self.row in _OF_HOUSE else shop)
                .__getattribute__(self.row)
                .key
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


def _type_wrong(page: BrowserPage) -> None:
    page.click("#pair summary")
    page.fill("#pair_code", "ABCD2345")
    press("#pair form button")(page)


def _make_token(page: BrowserPage) -> None:
    """Another name each time: a page may be visited twice."""
    page.fill("[name=name]", f"ERP {secrets.token_hex(4)}")
    page.check("[name=scope_messages_send]")
    press("main form button")(page)


def _make_source(page: BrowserPage) -> None:
    page.fill("[name=name]", f"Help desk {secrets.token_hex(4)}")
    press("main form .button--primary")(page)


def _make_subscription(page: BrowserPage) -> None:
    page.fill("[name=name]", f"CRM {secrets.token_hex(4)}")
    page.fill("[name=url]", "https://crm.example.com/recado")
    press("main form .button--primary")(page)


def _subscribe_wrong(page: BrowserPage) -> None:
    page.fill("[name=url]", "http://10.0.0.1/events")
    press("main form .button--primary")(page)


def _submit_wrong(page: BrowserPage) -> None:
    page.fill("[name=name]", "Pedido Enviado")
    page.fill("[name=body]", "{{1}}, seu pedido saiu.")
    press("#template-form .button--primary")(page)


def _choose(page: BrowserPage) -> None:
    press(".template-choice a:has-text('pedido_enviado')")(page)


def _choose_and_send(page: BrowserPage) -> None:
    _choose(page)
    press("main form .button--primary")(page)


def _choose_tickets(page: BrowserPage) -> None:
    for box in page.locator("input[name=ticket]").all()[:2]:
        box.check()
    page.select_option("[name=status]", "resolved")
    press("button[form=bulk]")(page)


def _change_late(page: BrowserPage) -> None:
    """As if somebody else had been faster."""
    page.evaluate("document.querySelector('#state [name=seen]').value = '9999'")
    page.select_option("#state [name=priority]", "low")
    press("#state .form button")(page)


def _look_at_plan(page: BrowserPage) -> None:
    press("button[value=look]")(page)
    _unfold(page)


def _write_unknown_variable(page: BrowserPage) -> None:
    page.fill("[name=text]", "Olá, {nomee}!")
    press("button[value=save]")(page)


def _type_wrong_client(page: BrowserPage) -> None:
    page.fill("[name=name]", "Ana")
    page.fill("[name=phone]", "12")
    press(_OPEN_TICKET)(page)


def _look_at_both(page: BrowserPage) -> None:
    """The lead that the page suggests."""
    press("main .suspicion a.button")(page)


def _try_again(page: BrowserPage) -> None:
    """Choose what can be chosen, and ask what would happen."""
    for box in page.query_selector_all("[form=sends-chosen]"):
        box.check()
    press("#sends-chosen [value=again]")(page)


def _ask_for_canned(page: BrowserPage) -> None:
    page.fill("#composer-text", "/")
    page.wait_for_selector("[data-canned-list] [role=option]")


def _send_nothing(page: BrowserPage) -> None:
    page.fill("#composer-text", "")  # a draft may be there
    page.click(".composer__send")
    page.wait_for_selector("#composer-problem:not([hidden])")


_JOINING = ("to_scan", "to_type", "to_open", "late", "refused", "wired")
_AT_COUNTER = ("answered", "expired", "canned")
_OF_HOUSE = {
    "stray",
    "down",
    "lasting",
    "gone",
    *_JOINING,
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
_OPEN_TICKET = "main form .button--primary"
_MAKE_LINK = "form:has([value=link]) button"
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
    Page("mfa_index"),
    Page("mfa_list_webauthn"),
    Page("tokens:token-list"),
    Page("tokens:token-new"),
    Page("tokens:token-revoke", "token"),
    Page("accounts:session-list"),
    Page("accounts:settings-sign-in"),
    Page("webhooks:home"),
    Page("webhooks:home", shot="home-unfolded", query="?period=30", act=_unfold),
    Page("webhooks:home", shot="home-today", query="?period=today"),
    Page("webhooks:home", shot="home-odd", query="?period=never"),
    Page("webhooks:webhook-list"),
    Page("webhooks:webhook-detail", "webhook"),
    Page("webhooks:webhook-content", "webhook", act=press(_CONTENT)),
    Page("webhooks:webhook-replay", "webhook", act=press(_REPLAY)),
    Page("whatsapp:conversation-list"),
    Page("whatsapp:conversation-detail", "conversation"),
    Page("whatsapp:conversation-canned", slug="balcao"),
    Page("whatsapp:conversation-filters", query="?tab=mine&unread=1"),
    Page("help:index"),
    Page("help:page"),
    Page("api-page:reference"),
    Page("whatsapp:lead-list"),
    Page("whatsapp:lead-report"),
    Page("whatsapp:lead-filters", query="?rule=token"),
    Page("whatsapp:lead-detail", "lead"),
    Page("whatsapp:lead-edit", "lead"),
    Page("whatsapp:lead-origin", "lead"),
    Page("whatsapp:lead-duplicates"),
    Page("whatsapp:lead-merge", "lead"),
    Page("whatsapp:lead-merge", "twin", shot="lead-merge-both", act=_look_at_both),
    Page("whatsapp:lead-merge-undo", "merge"),
    Page("whatsapp:lead-notes", "lead"),
    Page("whatsapp:lead-silence", "lead"),
    Page("whatsapp:opt-out-words"),
    Page("whatsapp:channel-hours", "support"),
    Page(
        "whatsapp:channel-hours", "support", shot="channel-hours-unfolded", act=_unfold
    ),
    Page("whatsapp:link-list"),
    Page("whatsapp:link-new"),
    Page("whatsapp:link-detail", "link"),
    Page("whatsapp:link-edit", "link"),
    Page("whatsapp:link-state", "link"),
    Page("whatsapp:link-clicks", "link"),
    Page("whatsapp:link-conversations", "link"),
    Page("whatsapp:link-won", "link", query="?period=30"),
    Page("whatsapp:link-won-stages"),
    Page("whatsapp:link-check", "link"),
    Page("whatsapp:link-test-new", "link"),
    Page("whatsapp:link-test", "walk"),
    Page("whatsapp:sandbox-phone", "phone"),
    Page("whatsapp-public:link-follow", who="stranger", status=404),
    Page("whatsapp:send-list"),
    Page("whatsapp:send-detail", "failed"),
    Page("whatsapp:send-act", act=_try_again),
    Page("whatsapp:conversation-template", "closed"),
    Page("whatsapp:template-list"),
    Page("whatsapp:template-new"),
    Page("whatsapp:template-detail", "template"),
    Page("whatsapp:template-edit", "template"),
    Page("whatsapp:template-delete", "template"),
    Page("whatsapp:conversation-messages"),
    Page(
        "whatsapp:conversation-messages",
        shot="messages-none",
        query="?direction=outbound&since=2020-01-01T00:00&until=2020-01-02T00:00",
    ),
    Page("whatsapp:conversation-first-answers"),
    Page(
        "whatsapp:conversation-first-answers",
        shot="first-answers-odd",
        query="?answered=x&since=2026-03-01T00:00&until=2026-02-01T00:00",
    ),
    Page("whatsapp:conversation-unheard"),
    Page("whatsapp:outage-detail", "outage"),
    Page("integrations:channel-list"),
    Page("integrations:connect-provider"),
    Page("integrations:connect-credentials"),
    Page("integrations:session-detail", "phone"),
    Page("integrations:connect-return", query="?state=x", status=410),
    Page("webhooks:channel-proof", "phone"),
    Page("integrations:business-phone", "phone"),
    Page("sandbox:phone", status=404),
    Page("integrations:alerts"),
    Page("integrations:channel-detail", "support"),
    Page("integrations:channel-log", "support"),
    Page("integrations:channel-start-clean", "support"),
    Page("integrations:channel-disconnect", "support"),
    Page("integrations:channel-remove", "support"),
    Page("integrations:channel-name", "support"),
    Page("integrations:channel-receipts", "support"),
    Page("integrations:channel-credentials", "support"),
    Page("integrations:channel-webhook", "support"),
    Page("integrations:message-link-new", "support"),
    Page("tickets:ticket-list"),
    Page("tickets:ticket-filters", query="?assignee=me"),
    Page("tickets:ticket-new"),
    Page("tickets:ticket-detail", "ticket"),
    Page("tickets:ticket-edit", "ticket"),
    Page("tickets:notification-list"),
    Page("tickets:notification-rules"),
    Page("tickets:notification-rule-new", query="?event=resolved"),
    Page("tickets:notification-rule-edit", "notice"),
    Page("tickets:notification-settings"),
    Page("tickets:client-list"),
    Page("tickets:client-new"),
    Page("tickets:client-detail", "client"),
    Page("tickets:client-edit", "client"),
    Page("tickets-public:ticket", who="stranger", status=404),
    Page("events:event-list"),
    Page("events:event-source-new"),
    Page("events:event-source", "source"),
    Page("events:event-source-rotate", "source"),
    Page("events:event-source-delete", "source"),
    Page("events:subscription-new"),
    Page("events:subscription-detail", "subscription"),
    Page("events:subscription-edit", "subscription"),
    Page("events:subscription-rotate", "subscription"),
    Page("events:subscription-delete", "subscription"),
    Page("events:delivery-detail", "delivery"),
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
    Page("accounts:platform-sign-ins", who="operator"),
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
    Page("events:event-list", shot="empty-events", slug="nova"),
    Page("events:event-source", "silent", shot="empty-event-source"),
    Page("events:subscription-detail", "unheard", shot="empty-subscription"),
    Page(
        "events:subscription-detail",
        "gone",
        shot="subscription-gone",
        slug="fora-do-ar",
    ),
    Page("events:event-source-new", shot="event-source-made", act=_make_source),
    Page("events:subscription-new", shot="subscription-made", act=_make_subscription),
    Page("events:subscription-new", shot="subscription-wrong", act=_subscribe_wrong),
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
    Page("whatsapp:lead-report", shot="empty-report", slug="nova"),
    Page("whatsapp:lead-report", shot="report-by-link", query="?by=link"),
    Page(
        "whatsapp:lead-report",
        shot="report-wrong",
        query="?by=x&since=2026-03-11&until=2026-03-10",
    ),
    Page("api-page:reference", shot="api-open", act=_unfold),
    Page("api-page:reference", shot="api-stranger", who="stranger"),
    Page("help:index", shot="help-found", query="?q=token"),
    Page("help:index", shot="help-nothing", query="?q=xyzxyz"),
    Page("whatsapp:lead-detail", "merged", shot="lead-merged"),
    Page("whatsapp:lead-duplicates", shot="empty-duplicates", slug="nova"),
    Page("whatsapp:lead-merge", "lead", shot="lead-merge-found", query="?q=João"),
    Page("whatsapp:lead-merge", "lead", shot="lead-merge-nobody", query="?q=xyzzy"),
    Page(
        "whatsapp:lead-origin",
        "lead",
        shot="lead-origin-wrong",
        act=press("main form button"),
    ),
    Page("whatsapp:send-list", shot="empty-sends", slug="nova"),
    Page("whatsapp:send-list", shot="sends-open", query="?table=1", act=_unfold),
    Page("whatsapp:send-list", shot="sends-found", query="?q=forno"),
    Page("whatsapp:send-list", shot="sends-none", query="?q=xyzxyz&state=failed"),
    Page(
        "whatsapp:send-list",
        shot="sends-wrong",
        query="?since=2026-03-10T10:00&until=2026-03-01T10:00",
    ),
    Page("whatsapp:send-list", shot="sends-held", slug="fora-do-ar"),
    Page("whatsapp:send-detail", "doubtful", shot="send-unconfirmed"),
    Page("whatsapp:link-list", shot="empty-links", slug="nova"),
    Page("whatsapp:link-new", shot="link-new-wrong", act=press("#link-form button")),
    Page("whatsapp:link-detail", "paused", shot="link-detail-paused"),
    Page("whatsapp:link-detail", "link", shot="link-detail-open", act=_unfold),
    Page("whatsapp:link-list", shot="links-sorted", query="?sort=-won&period=x&from=y"),
    Page("whatsapp:link-list", shot="links-broken", query="?check=broken"),
    Page("whatsapp:link-won-stages", shot="empty-won-stages", slug="nova"),
    Page("whatsapp:template-list", shot="empty-templates", slug="nova"),
    Page("whatsapp:template-list", shot="templates-none-fit", query="?q=xyzxyz"),
    Page("whatsapp:template-list", shot="templates-agent", who="agent"),
    Page("whatsapp:template-new", shot="template-new-wrong", act=_submit_wrong),
    Page("whatsapp:template-detail", "template", shot="template-open", act=_unfold),
    Page("whatsapp:template-detail", "broken", shot="template-broken"),
    Page("whatsapp:conversation-template", "closed", shot="template-fill", act=_choose),
    Page(
        "whatsapp:conversation-template",
        "closed",
        shot="template-fill-wrong",
        act=_choose_and_send,
    ),
    Page(
        "whatsapp:conversation-template", "conversation", shot="template-without-number"
    ),
    Page("whatsapp:sandbox-phone", "phone", shot="phone-open", act=_unfold),
    Page("whatsapp:sandbox-phone", "quiet", shot="phone-not-linked"),
    Page("integrations:business-phone", "phone", shot="device-unlink", act=_unfold),
    Page("integrations:business-phone", "waiting", shot="device-awaited", act=_unfold),
    Page("integrations:business-phone", "waiting", shot="device-asks", query="?scan=1"),
    Page("integrations:business-phone", "waiting", shot="device-late", query="?code=X"),
    Page(
        "integrations:business-phone", "quiet", shot="device-no-code", query="?scan=1"
    ),
    Page("integrations:business-phone", "quiet", shot="device-wrong", act=_type_wrong),
    Page("integrations:channel-list", shot="empty-channels", slug="nova"),
    Page(
        "integrations:connect-credentials",
        shot="connect-credentials-wrong",
        act=press("main form .button--primary"),
    ),
    *(
        Page(
            "integrations:session-detail",
            row,
            shot=f"session-{row.replace('_', '-')}",
            query="?show=code" if row == "to_type" else "",
            slug="conectando",
        )
        for row in _JOINING
    ),
    Page(
        "integrations:session-detail",
        "wired",
        shot="session-confirm",
        query="?ask=disconnect",
        slug="conectando",
    ),
    Page(
        "integrations:channel-webhook",
        "phone",
        shot="channel-webhook-secret",
        act=press("button[value=secret]"),
    ),
    Page(
        "webhooks:channel-proof",
        "phone",
        shot="channel-proof-over",
        query=f"?since={int(time.time()) - 600}",
    ),
    Page("webhooks:home", shot="home-down", slug="fora-do-ar"),
    Page("integrations:channel-list", shot="channels-down", slug="fora-do-ar"),
    Page("integrations:alerts", shot="alerts-down", slug="fora-do-ar"),
    Page("integrations:channel-detail", "down", shot="channel-down", slug="fora-do-ar"),
    Page(
        "integrations:channel-detail",
        "down",
        shot="channel-down-agent",
        slug="fora-do-ar",
        who="agent",
    ),
    Page("integrations:channel-detail", "phone", shot="channel-sandbox"),
    Page("integrations:channel-log", "support", shot="channel-log-open", act=_unfold),
    Page(
        "integrations:channel-remove",
        "support",
        shot="channel-remove-wrong",
        act=press("main form .button--danger"),
    ),
    Page("whatsapp:outage-detail", "lasting", shot="outage-lasts", slug="fora-do-ar"),
    Page("whatsapp:conversation-unheard", shot="unheard-some", slug="fora-do-ar"),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-outcomes",
        slug="balcao",
        act=_unfold,
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-quoted",
        slug="balcao",
        act=open_up(".message__act[name=reply]", ".composer__quoted"),
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-react",
        slug="balcao",
        act=open_up(".message__act[name=react]", ".composer__reactions"),
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-emoji",
        slug="balcao",
        act=open_up("[data-emoji]", ".composer__glyph"),
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-canned",
        slug="balcao",
        act=_ask_for_canned,
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-refused",
        slug="balcao",
        act=_send_nothing,
    ),
    Page(
        "whatsapp:conversation-detail",
        "expired",
        shot="composer-closed",
        slug="balcao",
    ),
    Page("whatsapp:conversation-canned", shot="empty-canned", slug="nova"),
    Page(
        "whatsapp:conversation-canned", shot="canned-new", query="?new=1", slug="balcao"
    ),
    Page(
        "whatsapp:conversation-canned",
        shot="canned-wrong",
        query="?new=1",
        slug="balcao",
        act=press("main form .button--primary"),
    ),
    Page(
        "whatsapp:conversation-canned",
        shot="canned-delete",
        slug="balcao",
        act=press(".canned a[href*='delete=']"),
    ),
    Page("tickets:notification-list", shot="empty-notifications", slug="nova"),
    Page("tickets:notification-rules", shot="empty-notification-rules", slug="nova"),
    Page("tickets:notification-rules", shot="notification-rules-agent", who="agent"),
    Page("tickets:notification-list", shot="notifications-nothing", query="?ticket=77"),
    Page(
        "tickets:notification-rule-edit",
        "notice",
        shot="notification-rule-plan",
        act=_look_at_plan,
    ),
    Page(
        "tickets:notification-rule-edit",
        "notice",
        shot="notification-rule-wrong",
        act=_write_unknown_variable,
    ),
    Page("tickets:ticket-list", shot="empty-tickets", slug="nova"),
    Page("tickets:client-list", shot="empty-clients", slug="nova"),
    Page("tickets:ticket-list", shot="tickets-agent", who="agent"),
    Page(
        "tickets:ticket-list",
        shot="tickets-filtered",
        query="?status=all&priority=urgent&since=2026-03-11&until=2026-03-10",
    ),
    Page("tickets:ticket-list", shot="tickets-nothing", query="?q=xyzxyz"),
    Page("tickets:ticket-list", shot="tickets-bulk", act=_choose_tickets),
    Page("tickets:ticket-new", shot="ticket-new-wrong", act=press(_OPEN_TICKET)),
    Page("tickets:ticket-detail", "ticket", shot="ticket-link", act=press(_MAKE_LINK)),
    Page("tickets:ticket-detail", "ticket", shot="ticket-stale", act=_change_late),
    Page("tickets:client-list", shot="clients-nothing", query="?q=xyzxyz"),
    Page("tickets:client-new", shot="client-new-wrong", act=_type_wrong_client),
    Page("tickets:client-detail", "unlinked", shot="client-suggestions"),
    Page("accounts:settings-home", shot="settings-home-agent", who="agent"),
    Page("accounts:settings-members", shot="settings-members-agent", who="agent"),
    Page("accounts:settings-audit", shot="settings-audit-open", act=_unfold),
    Page("accounts:settings-audit", shot="settings-audit-nothing", query="?person=xyz"),
    Page(
        "accounts:platform-sign-ins",
        shot="platform-sign-ins-open",
        who="operator",
        act=_unfold,
    ),
    Page(
        "accounts:platform-sign-ins",
        shot="platform-sign-ins-nothing",
        query="?person=xyz",
        who="operator",
    ),
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
    "sandbox:gateway": "JSON for programs",
    "sandbox:messages": "JSON for programs",
    "sandbox:read": "JSON for programs",
    "sandbox:upload": "JSON for programs",
    "sandbox:file": "a file for programs",
    "sandbox:templates": "JSON for programs",
    "sandbox:template": "JSON for programs",
    "sandbox:webhook": "JSON for programs",
    "accounts:preferences-update": "takes a post and goes back",
    "accounts:settings-member-invitation-renew": "takes a post and goes back",
    "accounts:settings-audit-verify": "takes a post and goes back",
    "accounts:settings-audit-csv": "a file",
    "accounts:settings-audit-jsonl": "a file",
    "accounts:invitation-account": "takes a post and goes to the identity server",
    "accounts:platform-sign-ins-csv": "a file",
    "accounts:session-end": "takes a post and goes back",
    "accounts:settings-sign-in-rule-delete": "takes a post and goes back",
    "sso_login": "takes a post and goes to the identity server",
    "sso_callback": "where the identity server sends back to; see test_sign_in",
    "account_set_password": "sends on: who has no password gets none",
    "account_confirm_login_code": "sends on: no codes are mailed",
    "mfa_authenticate": "sends on: only in the middle of signing in",
    **dict.fromkeys(
        (
            "mfa_reauthenticate",
            "mfa_reauthenticate_webauthn",
            "mfa_activate_totp",
            "mfa_generate_recovery_codes",
            "mfa_add_webauthn",
            "mfa_remove_webauthn",
            "mfa_edit_webauthn",
        ),
        "asks for the password first; walked at the central server, whose page it is too",
    ),
    **dict.fromkeys(
        (
            "mfa_view_recovery_codes",
            "mfa_download_recovery_codes",
            "mfa_deactivate_totp",
        ),
        "nothing to show before there is a second factor; walked at the central server",
    ),
    "api-page:document": "JSON for programs",
    **{
        f"{room}-api:{place}{word}": "JSON for programs"
        for room, words in (
            ("whatsapp", "leads lead conversations conversation messages message"),
            ("whatsapp", "conversation-messages"),
            ("tickets", "clients client tickets ticket comments send notify"),
        )
        for word in words.split()
        for place in ("", "workspace-")
    },
    "ticket-events:incoming": "JSON for programs",
    "ticket-events:incoming-of": "JSON for programs",
    "events:subscription-state": "takes a post and goes back",
    "events:subscription-test": "takes a post and goes on",
    "events:subscription-again": "takes a post and goes back",
    "events:subscription-export": "a file",
    "whatsapp:send-export": "a file",
    "whatsapp:conversation-reply": "a part of the conversation's page",
    "whatsapp:conversation-settle": "takes a post and goes back",
    "whatsapp:conversation-unheard-settle": "takes a post and goes back",
    "whatsapp:outage-people": "a file",
    "whatsapp:media-file": "a file",
    "whatsapp:media-preview": "a picture",
    "whatsapp:media-again": "takes a post and goes back",
    "whatsapp-files:file-linked": "a file, for whoever holds its link",
    "whatsapp:template-sync": "takes a post and goes back",
    "whatsapp:template-settle": "takes a post and goes back",
    "integrations:message-links": "asks Meta; see connecting/test_message_links.py",
    "integrations:message-link-delete": "asks Meta, as the page before it",
    "integrations:message-link-qr": "a picture",
    "integrations:channel-check": "takes a post and goes back",
    "integrations:channel-reconnect": "takes a post and goes on",
    "whatsapp:lead-export": "a file",
    "webhooks:home-export": "a file",
    "tickets:ticket-export": "a file",
    "tickets:ticket-bulk": "takes a post; the state tickets-bulk shows what it asks",
    "tickets:notification-export": "a file",
    "tickets:client-export": "a file",
    "tickets:client-link": "takes a post and goes back",
    "whatsapp:lead-apart": "takes a post and goes back",
    "whatsapp:link-export": "a file",
    "whatsapp:link-funnel": "a file",
    "whatsapp:link-check-now": "takes a post and goes back",
    "whatsapp:lead-report-export": "a file",
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
