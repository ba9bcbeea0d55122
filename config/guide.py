"""The guide for customers: the Markdown of `docs/guide/` as the product shows it.

One source: the same files are read in the repository and at `/help/`. Their links lead from
file to file (`tracked-links.md#anchor`) and their images are files beside them; here both
become addresses of this installation. Raw HTML is never let through, so what comes out is
safe as it is made.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from whatsapp.folding import fold

FOLDER = Path(settings.BASE_DIR) / "docs" / "guide"
# In the order of reading: get ready, connect, bring people in, understand, look after it.
SLUGS = (
    "before-you-connect",
    "connect",
    "scan",
    "numbers",
    "templates",
    "tracked-links",
    "attribution",
    "report",
    "figures",
    "sends",
    "tickets",
    "webhooks",
    "good-practice",
    "security",
    "troubleshooting",
    "checklist",
)
_LINK = re.compile(r"([a-z-]+)\.md(#[\w-]+)?")
_IMAGE = re.compile(r"\.\./images/([\w./-]+)")
_AROUND = 90  # characters of a section on each side of what was found


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, as plain words; the first one is the page's own."""

    anchor: str
    title: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    slug: str
    title: str
    summary: str
    body: SafeString
    sections: tuple[Section, ...]

    @property
    def contents(self) -> list[Section]:
        """The headings of the table of contents."""
        return [one for one in self.sections if one.level == 2]


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that has every word asked for, and the words around the first of them."""

    page: Page
    section: Section
    before: str
    found: str
    after: str


def get_page(slug: str, language: str, *, query: str = "") -> Page:
    """One of SLUGS. `query` goes with every link to another page of the guide."""
    source = FOLDER / language / f"{slug}.md"
    return _page(slug, source, source.stat().st_mtime_ns, query)


def list_pages(language: str, *, query: str = "") -> list[Page]:
    return [get_page(slug, language, query=query) for slug in SLUGS]


@lru_cache(maxsize=128)
def _page(slug: str, source: Path, _changed: int, query: str) -> Page:
    tokens = _reader().parse(source.read_text())
    title, *rest = _sections(tokens)
    first = next(iter(title.text.split("\n")), "")
    body = tokens[3:]  # without the title, which the page shows itself
    _lead_home(body, query)
    html = _reader().renderer.render(body, _reader().options, {})
    return Page(slug, title.title, first, mark_safe(html), (title, *rest))  # noqa: S308  # raw HTML was never let through


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    # A wide table scrolls by itself, also by keyboard.
    reader.add_render_rule(
        "table_open", lambda *_: '<div class="guide__table" tabindex="0"><table>\n'
    )
    reader.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return reader


def anchor(title: str) -> str:
    """As GitHub writes it, so that one link holds in both places."""
    kept = re.sub(r"[^\w\- ]", "", title.strip().lower())
    return kept.replace(" ", "-")


def _sections(tokens: Sequence[Token]) -> list[Section]:
    """And give every heading its anchor."""
    found: list[tuple[str, int, list[str]]] = []
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            title = _plain(tokens[place + 1])
            token.attrSet("id", anchor(title))
            found.append((title, int(token.tag[1]), []))
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            found[-1][2].append(_plain(token))
        elif token.type in ("fence", "code_block"):
            found[-1][2].append(token.content)
    return [
        Section(anchor(title), title, level, "\n".join(text))
        for title, level, text in found
    ]


def _plain(token: Token) -> str:
    parts = (
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children or ()
        if child.type != "image"
    )
    return "".join(parts)


def _lead_home(tokens: Sequence[Token], query: str) -> None:
    for token in _every(tokens):
        if token.type == "link_open":
            _lead_link(token, query)
        elif token.type == "image":
            known = _IMAGE.fullmatch(str(token.attrGet("src")))
            if known:
                token.attrSet("src", static(f"guide/{known[1]}"))


def _lead_link(token: Token, query: str) -> None:
    href = str(token.attrGet("href"))
    known = _LINK.fullmatch(href)
    if known:
        address = reverse("help:page", kwargs={"page": known[1]})
        token.attrSet("href", f"{address}{query}{known[2] or ''}")
    elif not href.startswith("#"):
        token.attrSet("rel", "noopener noreferrer")


def _every(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _every(token.children or ())


def search(text: str, language: str, *, query: str = "") -> list[Hit]:
    """Sections with every word, beginnings of words included; those named so come first."""
    words = fold(text).split()
    if not words:
        return []
    hits: list[tuple[int, Hit]] = []
    for one in list_pages(language, query=query):
        for section in one.sections:
            named = f" {fold(section.title)}"
            said = f"{named} {fold(section.text)}"
            if all(f" {word}" in said for word in words):
                rank = sum(f" {word}" not in named for word in words)
                hits.append((rank, _hit(one, section, words)))
    return [hit for _, hit in sorted(hits, key=lambda one: one[0])]


def _hit(page: Page, section: Section, words: Sequence[str]) -> Hit:
    text = " ".join(section.text.split())
    place = next(
        (
            match
            for match in re.finditer(r"\w+", text)
            if any(fold(match[0]).startswith(word) for word in words)
        ),
        None,
    )
    if place is None:
        return Hit(page, section, "", "", _cut(text, 2 * _AROUND))
    before = text[max(0, place.start() - _AROUND) : place.start()]
    if place.start() > _AROUND:
        before = "…" + before.partition(" ")[2]
    return Hit(page, section, before, place[0], _cut(text[place.end() :], _AROUND))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rpartition(" ")[0] + "…"
