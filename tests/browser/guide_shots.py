"""Takes the pictures of the guide again, from the product as it is.

`python -m pytest tests/browser/guide_shots.py -n 0` writes
`docs/guide/images/<language>/<name>.webp`; no other run collects this file. A page that is
new gets a line in `SHOTS`, its picture a line in the text; `test_guide.py` says what is
missing, left over or too large. Those of the wizard are made by `connecting/guide_shots.py`,
on its way.
"""

import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page

from config import guide
from integrations.models import Channel, Integration
from integrations.providers.base.types import (
    Direction,
    MessageEvent,
    MessageKind,
    NumberRef,
    Origin,
    Party,
)
from tests.browser.house import House, Shop
from tests.factories import accounts as make_people
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make
from webhooks.attribution import Candidates, TokenMatch, attribute
from whatsapp.models import Attribution, LinkCheck, Touch
from whatsapp.services.origins import Verdict

_MOST_BYTES = 58_000
_WIDTH = 1120
_TOKEN = "7KQ2M9XW4T"
# Source, campaign, how many leads, of them probable and won; empty is without an origin.
_SOURCES = (
    ("instagram", "dia-das-maes", 14, 2, 4),
    ("google", "dia-das-maes", 9, 0, 3),
    ("instagram", "", 5, 1, 0),
    ("panfleto", "abertura", 3, 0, 1),
)
_ADS = (
    ("120218", "Bolo de festa em 24 horas", 7, 2),
    ("120219", "Pão quente às 16h", 4, 0),
)


@dataclass(frozen=True)
class Shot:
    """`part` is what is shown of the page, cut at `height`; `key` a row of the shop."""

    name: str
    path: str
    part: str = "main"
    height: int = 760
    key: str = ""
    width: int = _WIDTH
    prepare: Callable[[Page], object] | None = None
    is_down: bool = False  # in the workspace of which two numbers are down


def _fill_in(page: Page) -> None:
    page.fill("[name=slug]", "instagram-bio")
    page.fill("[name=utm_source]", "instagram")


def _look_at_both(page: Page) -> None:
    """The lead that the page suggests."""
    with page.expect_navigation():
        page.click("main .suspicion a.button")


SHOTS = (
    Shot("numbers", "integrations/whatsapp/", height=420),
    Shot("link", "links/{key}/", key="link", width=1360, height=900),
    Shot("link-new", "links/new/", prepare=_fill_in),
    Shot("phone", "sandbox/{key}/", part=".phone-desk", key="phone", width=1360),
    Shot("evidence", "leads/{key}/", key="lead", height=640),
    Shot("report", "leads/report/", height=860),
    Shot("report-without", "leads/report/", part="#without-origin", height=640),
    Shot("webhooks", "webhooks/", height=560),
    Shot(
        "number", "integrations/whatsapp/{key}/", key="down", is_down=True, height=900
    ),
    Shot("alert", "integrations/whatsapp/", part="body", height=420, is_down=True),
    Shot(
        "outage",
        "integrations/whatsapp/outages/{key}/",
        key="lasting",
        is_down=True,
        height=640,
    ),
    Shot("merge", "leads/{key}/merge/", key="lead", prepare=_look_at_both),
    Shot("business-phone", "sandbox/{key}/business/", key="waiting", height=760),
)


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_shots(
    language: str, visit: Any, own: Any, house: House, django_db_blocker: Any
) -> None:
    mine = own(language)
    with django_db_blocker.unblock():
        furnish(mine.shop)
        make_people.membership(house.down.workspace, mine.owner, role="owner")
    visitor = visit(language, who=mine.owner)
    for shot in SHOTS:
        rows = house if shot.is_down else mine.shop
        key = getattr(rows, shot.key).key if shot.key else ""
        start = f"/w/{house.down.workspace.slug}/" if shot.is_down else mine.path()
        page = visitor.open(start + shot.path.format(key=key), width=shot.width)
        assert visitor.status == 200, shot.path
        if shot.prepare:
            shot.prepare(page)
        shoot(
            page,
            shot.name,
            language=language,
            part=shot.part,
            width=shot.width,
            height=shot.height,
        )
        page.close()


def shoot(
    page: Page,
    name: str,
    *,
    language: str,
    part: str = "main",
    width: int = _WIDTH,
    height: int = 760,
) -> None:
    """Keep a part of the page as it is now as a picture of the guide."""
    page.set_viewport_size({"width": width, "height": 1800})
    page.evaluate(_TIDY)
    picture = Image.open(io.BytesIO(page.locator(part).first.screenshot()))
    cut = picture.crop((0, 0, picture.width, min(picture.height, height)))
    target = guide.FOLDER / "images" / language / f"{name}.webp"
    target.write_bytes(_packed(cut.convert("RGB")))


# The address of the test and the numbered names of its rows, as a reader would have them.
_TIDY = """() => {
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    words.currentNode.data = words.currentNode.data
      .replace(/http:\\/\\/127\\.0\\.0\\.1:\\d+/g, "https://recado.padaria.example")
      .replace(/-loja-\\d+|-bio-\\d+/g, "-bio")
      .replace(/(-[a-z]+)-\\d+$/g, "$1")
      .replace(/Loja \\d+/g, "WhatsApp");
  }
}"""


def _packed(picture: Image.Image) -> bytes:
    """As good as it fits."""
    for quality in range(88, 30, -6):
        kept = io.BytesIO()
        picture.save(kept, "WEBP", quality=quality, method=6)
        if kept.tell() <= _MOST_BYTES:
            return kept.getvalue()
    raise AssertionError("the picture is too large; show less of the page")


def furnish(shop: Shop) -> None:
    """A month of a bakery, so that the pictures show something."""
    workspace, now = shop.workspace, timezone.now()
    workspace.name = "Padaria Central"
    workspace.save()
    sales = shop.link.channel
    moments = (now - timedelta(hours=11 * step + 1) for step in itertools.count())
    for source, campaign, count, probable, won in _SOURCES:
        link = make.link(sales, slug=f"{source}-{campaign or 'bio'}-{workspace.pk}")
        for place in range(count):
            lead = make.lead(
                workspace,
                name=f"Cliente {place + 1}",
                created_at=next(moments),
                stage="ganho" if place < won else "",
            )
            make.conversation(lead, sales)
            touch = make.touch(
                lead, link=link, utm_source=source, utm_campaign=campaign
            )
            level = "probable" if place >= count - probable else "certain"
            make.attribution(lead, touch=touch, confidence=level)
    for ad, headline, count, won in _ADS:
        for place in range(count):
            lead = make.lead(
                workspace,
                name=f"Cliente {place + 1}",
                created_at=next(moments),
                stage="vendido" if place < won else "",
            )
            touch = make.touch(lead, kind="ad", ad_id=ad, headline=headline)
            make.attribution(lead, touch=touch, rule="referral")
    for cause, count in (((), 11), ((_TOKEN,), 3)):
        for _ in range(count):
            lead = make.lead(workspace, name="Cliente", created_at=next(moments))
            verdict = attribute(_message(), Candidates(tokens=cause))
            _rule(lead, verdict)
    for _ in range(40):  # of the month before
        lead = make.lead(workspace, name="Cliente", created_at=next(moments))
        touch = make.touch(lead, link=shop.link, utm_source="instagram")
        make.attribution(lead, touch=touch)
    shop.walk.touch = touch  # the test of the link has come to its lead
    shop.walk.save()
    shop.link.check_state, shop.link.findings = "good", []
    shop.link.checked_at = now
    shop.link.save()
    LinkCheck.objects.for_workspace(workspace).delete()
    _explain(shop)
    make_numbers.channel(workspace, display_name="Matriz", state="connected")
    for channel in Channel.objects.for_workspace(workspace).filter(integration=None):
        channel.integration = Integration.objects.for_workspace(workspace).first()
        channel.save()


def _explain(shop: Shop) -> None:
    """The lead whose page is shown came by a click, and its verdict says how."""
    Attribution.objects.for_workspace(shop.workspace).filter(lead=shop.lead).delete()
    Touch.objects.for_workspace(shop.workspace).filter(lead=shop.lead).delete()
    shop.lead.refresh_from_db()
    clicked = timezone.now() - timedelta(minutes=12)
    touch = make.touch(
        shop.lead,
        link=shop.link,
        token=f"{_TOKEN[:-4]}{shop.workspace.pk:04d}",
        utm_source="instagram",
        utm_medium="bio",
        utm_campaign="dia-das-maes",
        occurred_at=clicked,
    )
    token = str(touch.token)
    match = TokenMatch(token, touch.pk, shop.link.slug, clicked)
    told = Candidates(tokens=[token], exact={token: match})
    _rule(shop.lead, attribute(_message(), told), touch=touch)


def _rule(lead: Any, verdict: Verdict, **more: Any) -> None:
    make.attribution(
        lead,
        rule=verdict.rule,
        confidence=verdict.confidence,
        evidence=verdict.evidence,
        decided_at=timezone.now(),
        **more,
    )


def _message() -> MessageEvent:
    return MessageEvent(
        number=NumberRef(),
        external_id="wamid.guide",
        direction=Direction.INBOUND,
        origin=Origin.LIVE,
        kind=MessageKind.TEXT,
        peer=Party(wa_id="5511987654321"),
        provider_at=timezone.now(),
    )
