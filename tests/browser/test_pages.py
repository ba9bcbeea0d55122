"""Every page in both languages, both themes and two widths, looked at by axe."""

import re
from itertools import product

import pytest

from tests.browser import addresses, checks

WIDTHS = (390, 1360)
LOOKS = list(product(("pt-br", "en"), ("light", "dark")))
# Pages that no address of the resolver gives by itself.
_OTHERS = [
    ("not-found", "w/padaria/nada"),
    ("no-such-link", "r/nenhum-link"),
    ("search-found", "w/padaria/conversations/?q=pao"),
    ("search-nothing", "w/padaria/conversations/?q=xyzxyz"),
    ("conversations-closed", "w/padaria/conversations/?state=closed"),
]
# Those who are signed in are sent on from these.
_STRANGERS = {
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_inactive",
    "no-such-link",
}


def test_the_walk_finds_the_pages():
    names = {name for name, _ in addresses.routes()}

    assert {"accounts:home", "whatsapp:conversation-detail", "account_login"} <= names


@pytest.mark.parametrize(("language", "theme"), LOOKS)
@pytest.mark.parametrize(("name", "route"), addresses.routes() + _OTHERS)
def test_a_page_shows_well(visit, house, screens, name, route, language, theme):
    options = {"color_scheme": theme}
    if name in _STRANGERS:
        visitor = visit(locale=language, **options)
    else:
        visitor = visit(language, theme, **options)
    path = addresses.filled(name, route, house.shop)
    answer = visitor.context.request.get(visitor.address + path, max_redirects=0)
    assert answer.status in (200, 302, 404, 405)
    if answer.status in (302, 405) or "html" not in answer.headers["content-type"]:
        return  # an action, a file or a way on: nothing to look at
    assert answer.status == 200 or name in ("not-found", "no-such-link")

    page = visitor.open(path)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        shown = re.sub(r"\W+", "-", name)
        page.screenshot(
            path=screens / f"{shown}-{theme}-{width}-{language}.png",
            full_page=True,
            caret="initial",  # hiding it would need an inline style
        )
        assert checks.sideways(page) <= 0, checks.sticking_out(page)
        assert checks.violations(page) == [], width
    assert page.evaluate("document.documentElement.lang") == language
