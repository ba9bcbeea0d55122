"""How soon a code to scan is seen: from the provider's answer to the painted page.

The image's own server, a gateway on the loopback address that shows a new code for every
question, and Chromium as somebody's browser, in which the page polls as it always does.
"""

import secrets
import shutil
import statistics
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, User, Workspace
from integrations.models import Channel
from integrations.services import connections, sessions
from tests.bench.house import House, HouseFailed
from tests.bench.report import Bound, Row
from tests.browser.house import session_of
from tests.twins import waha

MOST_MS: Final = 300.0
CODES: Final = 20
KEY: Final = "key-of-the-bench"
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
# Told by the page: when a code that was not there before has been painted.
_WATCH: Final = """() => {
  window.painted = [];
  document.body.addEventListener("htmx:afterSwap", () => {
    if (!document.querySelector("[data-qr] svg")) return;
    requestAnimationFrame(() => setTimeout(() => {
      window.painted.push(performance.timeOrigin + performance.now());
    }));
  });
}"""


def qr_paint(house: House) -> list[Row]:
    row = Row("qr_paint", None, "ms", target=MOST_MS, bound=Bound.VALUE_AT_MOST)
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return [_noted(row, "needs what `make browser` installs")]
    if program is None:
        return [_noted(row, "needs Chromium on PATH")]
    house.ready()
    codes = 5 if house.is_quick else CODES
    with waha.serving(KEY) as twin:
        channel, session = _number(twin)
        names = {"workspace_slug": channel.workspace.slug, "key": channel.key}
        # Playwright keeps a loop in this thread: rows are read before and after it.
        path = reverse("integrations:session-detail", kwargs=names)
        allowed = {"EGRESS_ALLOWED_HOSTS": f"127.0.0.1:{twin.port}"}
        with house.pages(**allowed) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox"]
            )
            context = browser.new_context(
                extra_http_headers={"X-Forwarded-Proto": "https"}
            )
            taken = _measured(context, address, path, session, twin, codes)
            browser.close()
    Workspace.objects.filter(pk=channel.workspace_id).delete()
    every = sorted(taken)
    note = f"{codes} codes, median {statistics.median(every):.0f} ms"
    return [
        Row(
            row.name,
            every[-1],
            row.unit,
            target=row.target,
            bound=row.bound,
            note=f"the slowest of {note}",
        )
    ]


def _measured(
    context: Any,
    address: tuple[str, int],
    path: str,
    session: str,
    twin: waha.Twin,
    codes: int,
) -> list[float]:
    host, port = address
    name = settings.SESSION_COOKIE_NAME
    url = f"http://{host}:{port}"
    context.add_cookies([{"name": name, "value": session, "url": url}])
    page = context.new_page()
    page.goto(url + path)
    page.evaluate(_WATCH)
    taken = []
    for number in range(codes):
        twin.sessions["bench"].codes = number  # and so another code
        twin.sessions["bench"].status = "SCAN_QR_CODE"
        page.wait_for_function(
            "number => window.painted.length > number", arg=number, timeout=30_000
        )
        painted = page.evaluate("number => window.painted[number]", number)
        taken.append(painted - twin.answered_at * 1000)
    return taken


def _number(twin: waha.Twin) -> tuple[Channel, str]:
    """A number that waits to be scanned, and the session of its workspace's owner."""
    slug = f"paint-{secrets.token_hex(4)}"
    workspace = Workspace.objects.create(slug=slug, name=slug)
    owner = User.objects.create_user(email=f"{slug}@example.com", language="pt-br")
    Membership.objects.create(workspace=workspace, user=owner, role="owner")
    added = connections.add_integration(
        workspace=workspace,
        provider="waha",
        name="Bench",
        credentials={
            "phone_number": "+5511977770001",
            "base_url": twin.url,
            "session_name": "bench",
            "api_key": KEY,
        },
        now=timezone.now(),
        actor_label="bench",
    )
    settings.EGRESS_ALLOWED_HOSTS.append(f"127.0.0.1:{twin.port}")
    opened = sessions.open_session(added.channel)
    if opened.problem:
        raise HouseFailed(f"the session did not open: {opened.problem}")
    return added.channel, session_of(owner)


def _noted(row: Row, note: str) -> Row:
    return Row(row.name, None, row.unit, target=row.target, bound=row.bound, note=note)
