"""Where Meta posts for a number, and how to make it post to us without robbing others.

Three things must hold: the app is subscribed to the number's account, the number's own
callback leads to us, and the app subscribes to the kinds of event (`fields`) we need.
The callback is set for the number, not for its account: an account may hold numbers that
another system serves. Meta keeps one callback per app for everything that is not about
messages; it is set only when there is none yet, because it serves every number of the app.
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from integrations.providers.base.errors import CredentialsRefused, Refused
from integrations.providers.base.reader import Reader
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import WebhookReport
from integrations.providers.meta_cloud.graph import Graph

_OBJECT: Final = "whatsapp_business_account"
NEEDED: Final = (
    "messages",
    "account_update",
    "phone_number_quality_update",
    "message_template_status_update",
)
# What comes of a number that also lives in the WhatsApp Business app.
NEEDED_ON_PHONE: Final = ("smb_message_echoes", "smb_app_state_sync", "history")
# Good to know, and no trouble where somebody's app does not post it: the list of templates
# tells of them later.
WELCOME: Final = (
    "message_template_quality_update",
    "message_template_components_update",
    "template_category_update",
    "user_preferences",
)
_API_DATA: Final = "whatsapp_business_api_data"
_APP_SECRET: Final = _("Meta does not accept the app secret for this app.")
_OURS: Final = "/webhooks/whatsapp/"  # the path of the receiver


@dataclass(frozen=True, slots=True)
class _Number:
    """The callbacks that count for a number, the nearest first."""

    own: str
    account: str
    app: str
    is_on_phone: bool

    @property
    def url(self) -> str:
        return self.own or self.account or self.app

    @property
    def needed(self) -> tuple[str, ...]:
        return NEEDED + (NEEDED_ON_PHONE if self.is_on_phone else ())


@dataclass(frozen=True, slots=True)
class _AppSubscription:
    url: str
    fields: tuple[str, ...]


def subscribe(graph: Graph, url: str) -> WebhookReport:
    """Let Meta post to `url` for this number, and read back what it keeps."""
    app_id = _find_app_id(graph)
    if app_id:
        _subscribe_app(graph, app_id, url)
    if not app_id or app_id not in _subscribers(graph):
        graph.ask("POST", graph.account_id, "subscribed_apps")
    _set_callback(graph, url)
    return report(graph, app_id=app_id)


def report(graph: Graph, *, app_id: str = "") -> WebhookReport:
    number = _read_number(graph)
    app_id = app_id or _find_app_id(graph)
    if not app_id:
        return WebhookReport(url=number.url)
    subscription = _read_subscription(graph, app_id)
    if app_id not in _subscribers(graph):
        return WebhookReport(url="", missing=number.needed)
    told = subscription.fields if subscription else ()
    missing = tuple(name for name in number.needed if name not in told)
    return WebhookReport(url=number.url, missing=missing)


def unsubscribe(graph: Graph) -> None:
    """Take the number's callback away, unless it leads elsewhere: then it is not ours."""
    if urlsplit(_read_number(graph).own).path.startswith(_OURS):
        _set_callback(graph, "")


def check_app(graph: Graph) -> None:
    """Whether the app's secret opens the app, or CredentialsRefused. Only asks."""
    app_id = _find_app_id(graph)
    if app_id:
        _read_subscription(graph, app_id)


def _find_app_id(graph: Graph) -> str:
    """The app of the key: as an admin told, or as Meta tells; empty when it does not."""
    told = graph.credentials.get("app_id")
    if told:
        return told
    try:
        return graph.ask("GET", "app", fields="id").find_code("id") or ""
    except CredentialsRefused:
        raise
    except Refused:
        return ""


def _subscribers(graph: Graph) -> set[str]:
    edge = graph.ask("GET", graph.account_id, "subscribed_apps")
    apps = (entry.find_section(_API_DATA) for entry in edge.find_items("data"))
    return {app.find_code("id") or "" for app in apps if app is not None}


def _read_number(graph: Graph) -> _Number:
    node = graph.ask(
        "GET", graph.number_id, fields="webhook_configuration,is_on_biz_app"
    )
    told = node.find_section("webhook_configuration") or Reader({})
    return _Number(
        own=told.find_text("phone_number") or "",
        account=told.find_text(_OBJECT) or "",
        app=told.find_text("application") or "",
        is_on_phone=node.is_true("is_on_biz_app"),
    )


def _set_callback(graph: Graph, url: str) -> None:
    told = {"override_callback_uri": url}
    if url:
        told["verify_token"] = graph.credentials["verify_token"]
    graph.ask("POST", graph.number_id, body={"webhook_configuration": told})


def _subscribe_app(graph: Graph, app_id: str, url: str) -> None:
    """Subscribe the app to what we need, as long as its events go nowhere else."""
    known = _read_subscription(graph, app_id)
    if known is not None and known.url != url:
        return
    wanted = NEEDED + NEEDED_ON_PHONE + WELCOME
    kept = known.fields if known else ()
    if set(wanted) <= set(kept):
        return
    graph.ask(
        "POST",
        app_id,
        "subscriptions",
        body={
            "object": _OBJECT,
            "callback_url": url,
            "verify_token": graph.credentials["verify_token"],
            "fields": ",".join(dict.fromkeys((*kept, *wanted))),
        },
        token=_app_token(graph, app_id),
    )


def _read_subscription(graph: Graph, app_id: str) -> _AppSubscription | None:
    """What the app subscribes to. Only the app's own secret opens this: it proves it."""
    try:
        edge = graph.ask(
            "GET", app_id, "subscriptions", token=_app_token(graph, app_id)
        )
    except CredentialsRefused:
        raise CredentialsRefused("app_secret", _APP_SECRET) from None
    for entry in edge.find_items("data"):
        if entry.find_text("object") == _OBJECT:
            names = (item.find_text("name") for item in entry.find_items("fields"))
            return _AppSubscription(
                url=entry.find_text("callback_url") or "",
                fields=tuple(filter(None, names)),
            )
    return None


def _app_token(graph: Graph, app_id: str) -> str:
    return f"{app_id}|{graph.credentials['app_secret']}"
