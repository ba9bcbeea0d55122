"""The guide for customers: both languages say the same, every way leads somewhere, it is
safe, and whoever is signed in can read it."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import override

from config import guide
from tests.factories import accounts as make

LANGUAGES = [code for code, _ in settings.LANGUAGES]
FILES = [(slug, language) for slug in guide.SLUGS for language in LANGUAGES]
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)]+)\)")
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
_MOST_BYTES = 60_000


def _text(slug, language):
    return (guide.FOLDER / language / f"{slug}.md").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_is_a_page_and_every_page_a_file(language):
    assert {one.stem for one in (guide.FOLDER / language).glob("*")} == set(guide.SLUGS)


@pytest.mark.parametrize("slug", guide.SLUGS)
def test_both_languages_have_the_same_headings_lists_links_and_images(slug):
    texts = [_text(slug, language) for language in LANGUAGES]

    for shape in (_HEADING, re.compile(r"^(\d+\.|-|>|\|)", re.MULTILINE)):
        assert shape.findall(texts[0]) == shape.findall(texts[1])
    assert _LINK.findall(texts[0]) == _LINK.findall(texts[1])
    names = [
        [one.rpartition("/")[2] for _, one in _IMAGE.findall(text)] for text in texts
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize(("slug", "language"), FILES)
def test_links_and_images_of_a_file_lead_somewhere(slug, language):
    text, folder = _text(slug, language), guide.FOLDER / language

    for address in _LINK.findall(text):
        target, _, anchor = address.partition("#")
        assert target.removesuffix(".md") in guide.SLUGS, address
        if anchor:
            page = guide.get_page(target.removesuffix(".md"), language)
            assert anchor in [one.anchor for one in page.sections], address
    for described, address in _IMAGE.findall(text):
        assert described
        assert address.startswith(f"../images/{language}/")
        assert (folder / address).stat().st_size < _MOST_BYTES, address


def test_no_picture_is_left_over():
    named = {
        (guide.FOLDER / language / address).resolve()
        for slug, language in FILES
        for _, address in _IMAGE.findall(_text(slug, language))
    }

    assert {one for one in guide.FOLDER.glob("images/*/*") if one.is_file()} == named


@pytest.mark.parametrize(("slug", "language"), FILES)
def test_every_page_has_one_title_a_summary_and_different_anchors(slug, language):
    page = guide.get_page(slug, language)

    assert page.title
    assert 30 < len(page.summary) < 250
    assert [one.level for one in page.sections].count(1) == 1
    anchors = [one.anchor for one in page.sections]
    assert len(set(anchors)) == len(anchors)
    assert "<h1" not in page.body
    assert "](" not in page.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_in_the_persons_language(world, signed_in, language):
    world.owner.language = language
    world.owner.save()
    client = signed_in(world.owner)
    other = next(one for one in LANGUAGES if one != language)

    index = client.get("/help/").content.decode()

    for slug in guide.SLUGS:
        assert f'href="/help/{slug}/"' in index
        answer = client.get(f"/help/{slug}/")
        told = answer.content.decode()
        assert answer.status_code == 200
        assert answer["Content-Language"] == language
        assert f'<html lang="{language}"' in told
        assert guide.get_page(slug, language).title in told
        assert f'href="/help/{slug}/?language={other}"' in told


def test_the_other_language_is_kept_while_reading_on(world, signed_in):
    world.owner.language = "pt-br"
    world.owner.save()

    answer = signed_in(world.owner).get("/help/connect/", {"language": "en"})

    told = answer.content.decode()
    assert answer["Content-Language"] == "en"
    assert "<h1>Connect a number</h1>" in told
    assert 'href="/help/scan/?language=en"' in told
    assert 'href="/help/before-you-connect/?language=en"' in told


@pytest.mark.parametrize("language", ["", "xx", "../en", "en\0", "EN"])
def test_a_language_we_do_not_write_is_the_persons_own(world, signed_in, language):
    world.owner.language = "en"
    world.owner.save()

    answer = signed_in(world.owner).get("/help/connect/", {"language": language})

    assert answer.status_code == 200
    assert answer["Content-Language"] == "en"
    assert 'href="/help/scan/"' in answer.content.decode()


@pytest.mark.parametrize("slug", ["nothing", "index", "README"])
def test_a_page_that_is_not_there_is_not_found(world, signed_in, slug):
    assert signed_in(world.owner).get(f"/help/{slug}/").status_code == 404


def test_strangers_are_asked_to_sign_in(db):
    for path in ("/help/", "/help/connect/"):
        assert Client().get(path).status_code == 302


def test_somebody_of_no_workspace_may_read(world, signed_in):
    person = make.user(email="nova@example.com")

    assert signed_in(person).get("/help/connect/").status_code == 200


@pytest.mark.parametrize(
    ("text", "language", "slug"),
    [
        ("QR code", "en", "tracked-links"),
        ("codigo danificado", "pt-br", "attribution"),
        ("coexist", "en", "before-you-connect"),
        ("REMOVER desconectar", "pt-br", "numbers"),
    ],
)
def test_search_finds_sections_by_beginnings_without_accents(text, language, slug):
    found = guide.search(text, language)

    assert slug in {hit.page.slug for hit in found}
    assert all(hit.found or hit.after for hit in found)


def test_what_is_named_so_comes_first():
    first, *_ = guide.search("coexistence", "en")

    assert first.section.title == "Coexistence"


@pytest.mark.parametrize("text", ["", "???", "xyzxyz", "<script>", "a" * 500, "\0"])
def test_searches_for_nothing_find_nothing(world, signed_in, text):
    answer = signed_in(world.owner).get("/help/", {"q": text})

    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode().replace(
        '<script src="', ""
    ).replace('<script type="module"', "")


def test_raw_html_and_evil_addresses_never_come_through(tmp_path):
    evil = tmp_path / "evil.md"
    evil.write_text(
        "# Evil\n\nA page with <img src=x onerror=alert(1)> and more words in it.\n\n"
        "<script>alert(2)</script>\n\n[one](javascript:alert(3)) ![two](data:text/html,x)\n"
        '[three](https://example.com/"onmouseover=alert(4))\n'
    )

    with override("en"):
        page = guide._page("evil", evil, 0, "")

    assert "<img src=x" not in page.body
    assert "<script" not in page.body
    assert 'href="javascript' not in page.body
    assert 'src="data:text' not in page.body
    assert '"onmouseover' not in page.body
