"""The page where a link stands may hold an address that the link had before."""

import pytest
from django.utils import timezone

from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.integrations.loopback import plain, serving
from tests.walls import as_app
from tests.whatsapp import front
from whatsapp.services import link_checks, links

HTML = "Content-Type: text/html; charset=utf-8\r\n"


@pytest.fixture
def public(transactional_db, settings):
    with front.opened(settings) as opened:
        yield opened


def test_a_page_with_an_address_of_before_has_the_link(public, world, settings):
    channel = make_room_1.sandbox_number(world.workspace, state="connected")
    link = make.link(channel, slug="promo-verao")
    page = f'<a href="{links.slug_url("promo-verao")}">WhatsApp</a>'.encode()
    with serving(plain(page, headers=HTML)) as server:
        settings.EGRESS_ALLOWED_HOSTS = [*settings.EGRESS_ALLOWED_HOSTS, server.host]
        links.change_tracked_link(
            link,
            channel=channel,
            slug="promo-inverno",
            prefilled_text="",
            utm={},
            landing_url=server.url("/loja"),
            now=timezone.now(),
        )

        with as_app():
            link_checks.run()

    link.refresh_from_db()
    assert link.findings == []
