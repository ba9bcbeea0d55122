"""`manage.py catalogue`: bring the Portuguese catalogue up to date, or check that it is.

Done by Babel, so that no gettext tools are needed. Templates are read through Django's own
`templatize`, which turns them into calls that a Python reader understands.
"""

import io
import re
import tokenize
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

PATH = Path("config/locale/pt_BR/LC_MESSAGES/django.po")
ROOMS = ("accounts", "integrations", "whatsapp", "tickets", "webhooks", "config")
KEYWORDS: dict[str, Any] = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_WIDTH = 88
_CALL = re.compile(r"\b(?:n?p?gettext|_)\(")


class Command(BaseCommand):
    help = "Update the pt-BR catalogue from code and templates, and compile it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail on a difference."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            update()
        found = problems()
        for problem in found:
            self.stderr.write(problem)
        if found:
            raise CommandError(f"{len(found)} to mend in {PATH}")
        self.stdout.write(f"{len(read())} messages, all translated and compiled.")


def update() -> None:
    """Add what is new, drop what is gone, keep every translation, compile."""
    catalog = read()
    catalog.update(extract(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    po_file = settings.BASE_DIR / PATH
    with po_file.open("wb") as file:
        write_po(file, catalog, sort_output=True, include_lineno=False, width=_WIDTH)
    po_file.with_suffix(".mo").write_bytes(compiled(read()))


def problems() -> list[str]:
    """What a reader of the Portuguese pages would notice, in words."""
    catalog, wanted = read(), extract()
    known = {_identity(message) for message in catalog if message.id}
    needed = {_identity(message) for message in wanted if message.id}
    found = [f"missing: {one}" for one in sorted(map(str, needed - known))]
    found += [f"no longer used: {one}" for one in sorted(map(str, known - needed))]
    for message in catalog:
        if not message.id:
            continue
        strings = (
            message.string if isinstance(message.string, tuple) else (message.string,)
        )
        if message.fuzzy:
            found.append(f"fuzzy: {message.id}")
        if not all(strings):
            found.append(f"not translated: {message.id}")
        found += [f"{error}: {message.id}" for error in message.check(catalog)]
    mo_file = (settings.BASE_DIR / PATH).with_suffix(".mo")
    if not mo_file.is_file() or mo_file.read_bytes() != compiled(catalog):
        found.append("the compiled catalogue is older than its source")
    return found


def read() -> Catalog:
    with (settings.BASE_DIR / PATH).open("rb") as file:
        return read_po(file, locale="pt_BR", abort_invalid=True)


def compiled(catalog: Catalog) -> bytes:
    target = io.BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def extract() -> Catalog:
    """Every text that our code and our templates ask a translation for."""
    catalog = Catalog(locale="pt_BR")
    for path in sources():
        relative = str(path.relative_to(settings.BASE_DIR))
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = _as_python(text, origin=relative)
        for line, function, texts, _comments in extract_python(
            io.BytesIO(text.encode()), KEYWORDS, (), {"encoding": "utf-8"}
        ):
            message_id, context = _arranged(function, texts)
            if message_id:
                catalog.add(message_id, locations=[(relative, line)], context=context)
    return catalog


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((settings.BASE_DIR / room).rglob("*.py"))
    for kind in ("*.html", "*.txt"):
        yield from sorted((settings.BASE_DIR / "templates").rglob(kind))


def _as_python(template: str, *, origin: str) -> str:
    """Only the calls of the templatized text, one a line: the rest of it is filler."""
    calls = []
    for line in templatize(template, origin=origin).splitlines():
        end = 0
        for match in _CALL.finditer(line):
            if match.start() >= end:  # not inside the call before
                end = match.start() + _end_of_call(line[match.start() :])
                calls.append(line[match.start() : end])
    return "\n".join(calls)


def _end_of_call(text: str) -> int:
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.string == "(":
            depth += 1
        elif token.string == ")":
            depth -= 1
            if depth == 0:
                return token.end[1]
    raise CommandError(f"not a complete call: {text}")


def _arranged(function: Any, texts: Any) -> tuple[Any, str | None]:
    """The id (or the pair of a plural) and the context of one call."""
    spec = KEYWORDS.get(function or "") or (1,)
    parts = texts if isinstance(texts, tuple) else (texts,)
    context = None
    wanted: list[str] = []
    for place in spec:
        index = place[0] if isinstance(place, tuple) else place
        text = parts[index - 1] if index <= len(parts) else None
        if isinstance(place, tuple):
            context = text
        elif text:
            wanted.append(text)
    if len(wanted) != sum(not isinstance(place, tuple) for place in spec):
        return (
            None,
            None,
        )  # an argument that is no literal: its text is marked elsewhere
    return (wanted[0] if len(wanted) == 1 else tuple(wanted)), context


def _identity(message: Message) -> tuple[Any, str | None]:
    return message.id, message.context
