"""The demo of an empty installation, and the main job done once before a browser is opened.

`manage.py up` runs this module after it is ready. It walks the way of a real lead, over
HTTP: a click on a tracked link, then the first message through the webhook.
"""

import http.client
import secrets
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import django

ADMIN_EMAIL = "admin@recado.localhost"
NUMBER = "+5511900000001"
LINK_SLUG = "instagram-bio"
SENDER = "5511987650001"
WORKER_PATIENCE = 20.0
VISIBLE_PATIENCE = 20.0
# Robots and previews are given no token, so the click says that it is a browser's.
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140 Safari/537.36"


class DemoFailed(Exception):
    """The demo's message did not arrive. The text says how far it came."""


@dataclass(frozen=True)
class Demo:
    """What was made. The secrets are told or used once and kept nowhere in clear."""

    workspace_id: int
    password: str = field(repr=False)
    webhook_path: str = field(repr=False)
    webhook_secret: str = field(repr=False)


def make_demo(*, now: datetime, identity: tuple[str, str] | None = None) -> Demo | None:
    """A workspace, its owner, a simulated number and a link; None where anything exists.

    `identity` is the owner's issuer and name at the central server: they sign in there, so
    a password here would only be a second way in.
    """
    from django.db import transaction  # noqa: PLC0415  # after Django is set up

    from accounts.models import User, Workspace  # noqa: PLC0415
    from accounts.scoping import workspace_transaction  # noqa: PLC0415
    from accounts.services import additions, onboarding  # noqa: PLC0415
    from integrations.services import connections, simulated  # noqa: PLC0415
    from whatsapp.services import links  # noqa: PLC0415

    if Workspace.objects.exists() or User.objects.exists():
        return None
    webhook_secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        workspace = onboarding.add_workspace(slug="demo", name="Demo", now=now)
        added = additions.add_member(
            workspace=workspace, email=ADMIN_EMAIL, role="owner", name="Admin", now=now
        )
        owner = added.membership.user
        owner.is_platform_admin = True
        if identity is not None:
            owner.oauth_issuer, owner.oauth_id = identity
            owner.set_unusable_password()
        owner.save()
        connected = connections.add_integration(
            workspace=workspace,
            provider="sandbox",
            name="Demo",
            credentials={"phone_number": NUMBER, "webhook_secret": webhook_secret},
            now=now,
        )
        simulated.link_at_once(connected.channel, now=now)
        with workspace_transaction(workspace.pk):
            links.add_tracked_link(
                workspace=workspace,
                channel=connected.channel,
                slug=LINK_SLUG,
                prefilled_text="Oi! Vi vocês no Instagram.",
                utm={"utm_source": "instagram", "utm_medium": "bio"},
                now=now,
            )
    return Demo(
        workspace_id=workspace.pk,
        password="" if identity else added.new_password or "",
        webhook_path=urlsplit(connected.webhook_url).path,
        webhook_secret=webhook_secret,
    )


def send_first_message(base_url: str, demo: Demo, *, now: datetime) -> str:
    """Click the link, write what it says, and tell what became of the message."""
    from integrations.providers.base.types import Party  # noqa: PLC0415
    from integrations.providers.sandbox import phone  # noqa: PLC0415

    _, headers = _ask(base_url, "GET", f"/r/{LINK_SLUG}", {"user-agent": BROWSER})
    text = parse_qs(urlsplit(headers.get("location", "")).query).get("text", [""])[0]
    message_id = f"demo-{secrets.token_hex(6)}"
    told = phone.message(
        message_id, sender=Party(wa_id=SENDER, name="Ana Demo"), at=now, text=text
    )
    body, proof = phone.webhook(
        NUMBER.removeprefix("+"), [told], webhook_secret=demo.webhook_secret
    )
    _wait_for_a_worker()
    started = time.monotonic()
    status, _ = _ask(base_url, "POST", demo.webhook_path, proof, body)
    if status != 200:
        raise DemoFailed(f"the webhook answered {status}")
    origin = _wait_until_visible(demo.workspace_id, message_id)
    milliseconds = round((time.monotonic() - started) * 1000)
    return f"1 message received, {origin}, visible after {milliseconds} ms"


def _ask(
    base_url: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None = None,
) -> tuple[int, dict[str, str]]:
    """One request to ourselves. Nothing else is ever asked, so no client is needed."""
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, {
            name.lower(): value for name, value in response.getheaders()
        }
    except (OSError, http.client.HTTPException) as problem:
        raise DemoFailed(f"{method} was not answered: {problem}") from None
    finally:
        connection.close()


def _wait_for_a_worker() -> None:
    """Else the figure would tell how long a worker takes to start."""
    from config.celery_app import app  # noqa: PLC0415

    deadline = time.monotonic() + WORKER_PATIENCE
    while time.monotonic() < deadline:
        if app.control.ping(timeout=0.5, limit=1):
            return


def _wait_until_visible(workspace_id: int, message_id: str) -> str:
    deadline = time.monotonic() + VISIBLE_PATIENCE
    while time.monotonic() < deadline:
        origin = _find_origin(workspace_id, message_id)
        if origin is not None:
            return origin
        time.sleep(0.01)
    raise DemoFailed(
        f"the message is stored, but not visible after {VISIBLE_PATIENCE:.0f} s; "
        f"`manage.py inbox_stats` tells where it waits"
    )


def _find_origin(workspace_id: int, message_id: str) -> str | None:
    from accounts.scoping import workspace_transaction  # noqa: PLC0415
    from whatsapp.models import Message  # noqa: PLC0415

    with workspace_transaction(workspace_id):
        message = (
            Message.objects.for_workspace(workspace_id)
            .filter(external_id=message_id, conversation__isnull=False)
            .select_related("conversation__lead__attribution__touch__link")
            .first()
        )
    if message is None or message.conversation is None:
        return None
    attribution = message.conversation.lead.attribution
    if attribution is None or attribution.touch is None:
        return "without an origin"
    link = attribution.touch.link
    return f"attributed to link {link.slug}" if link else "attributed"


def main(arguments: list[str]) -> int:
    django.setup()
    address, *who = arguments
    identity = (who[0], who[1]) if who else None
    demo = make_demo(now=datetime.now(UTC), identity=identity)
    if demo is None:
        return 0
    if demo.password:
        _say(f"sign in as {ADMIN_EMAIL} with the password {demo.password} (shown once)")
    try:
        _say(send_first_message(address, demo, now=datetime.now(UTC)))
    except DemoFailed as failure:
        _say(f"the demo's message did not arrive: {failure}")
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
