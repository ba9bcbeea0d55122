"""The gallery shows every component, to those who may see it."""

import pytest
from django.conf import settings
from django.test import Client
from django.test.signals import template_rendered

from config import ui
from tests.factories import accounts as make

COMPONENTS = {
    f"components/{path.name}"
    for path in (settings.BASE_DIR / "templates" / "components").glob("*.html")
}


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_every_component_is_in_the_gallery(world, signed_in, language):
    world.agent.language = language
    world.agent.save()
    shown = set()
    ui.forget_rendered()

    def note(template, **_kwargs):
        shown.add(template.name)

    template_rendered.connect(note)
    try:
        page = signed_in(world.agent).get("/design/")
    finally:
        template_rendered.disconnect(note)

    assert page.status_code == 200
    assert COMPONENTS
    assert COMPONENTS - shown == set()


def test_every_symbol_of_the_sprite_is_in_the_gallery(world, signed_in):
    html = signed_in(world.agent).get("/design/").content.decode()

    sprite = (settings.BASE_DIR / "static" / "icons" / "sprite.svg").read_text()
    assert html.count("<code>home</code>") == 1
    assert sprite.count("<symbol") == len(_between(html, "d-icon", "d-button"))


def _between(html, first, last):
    return html.split(f'id="{first}"')[1].split(f'id="{last}"')[0].split("<li")[1:]


def test_the_gallery_is_not_for_customers(world, signed_in, settings):
    settings.SANDBOX_ENABLED = False

    assert signed_in(world.agent).get("/design/").status_code == 404


def test_strangers_sign_in_first_and_a_person_without_workspace_finds_nothing(
    world, signed_in
):
    alone = make.user(email="alone@example.com")

    assert Client().get("/design/").status_code == 302
    assert signed_in(alone).get("/design/").status_code == 404
