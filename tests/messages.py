"""What `make messages` runs: collects the texts of pages and compiles the catalogue.

Django's own command needs the gettext tools; Babel and Django's template reader do the
same from Python packages. `--check` fails on a text that is missing, stale or untranslated.
"""

import ast
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python

BASE_DIR = Path(__file__).resolve().parents[1]
ROOMS = ("accounts", "integrations", "whatsapp", "tickets", "webhooks", "config")
CATALOGUE = BASE_DIR / "config" / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
# Which arguments of a call are texts; "c" marks the context.
KEYWORDS = {
    "_": (1,),
    "gettext": (1,),
    "gettext_lazy": (1,),
    "gettext_noop": (1,),
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# What Django's templatize() leaves of a template: calls with literal texts.
_STRING = r"u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_CALL = re.compile(
    rf"\b(n?p?gettext|_)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)", re.DOTALL
)

_TEXTS = {"ngettext": 2, "pgettext": 2, "npgettext": 3}

Text = tuple[str | tuple[str, str], str | None]


def main(arguments: list[str]) -> int:
    collected = collect()
    known = read_catalogue()
    if "--check" in arguments:
        return _check(collected, known)
    known.update(
        collected,
        no_fuzzy_matching=True,
        update_header_comment=False,
        update_creation_date=False,  # a run that changes no text changes no byte
    )
    known.obsolete.clear()
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_bytes(_written(known))
    CATALOGUE.with_suffix(".mo").write_bytes(_compiled(known))
    empty = sum(1 for message in known if message.id and not _is_done(message.string))
    print(f"{len(known)} texts, {empty} without a translation: {CATALOGUE}")
    return 0


def _check(collected: Catalog, known: Catalog) -> int:
    if not CATALOGUE.is_file():
        print("no message catalogue yet")
        return 0
    problems = []
    for message in collected:
        found = known.get(message.id, message.context) if message.id else None
        if message.id and found is None:
            problems.append(f"missing: {message.id!r}")
        elif found is not None and (found.fuzzy or not _is_done(found.string)):
            problems.append(f"untranslated: {message.id!r}")
    problems += [
        f"stale: {message.id!r}"
        for message in known
        if message.id and collected.get(message.id, message.context) is None
    ]
    compiled = CATALOGUE.with_suffix(".mo")
    if not compiled.is_file() or compiled.read_bytes() != _compiled(known):
        problems.append("django.mo does not fit django.po")
    for problem in problems:
        print(f"{CATALOGUE.relative_to(BASE_DIR)}: {problem}")
    if problems:
        print("run `make messages` and translate what it lists")
    return int(bool(problems))


def _is_done(translation: object) -> bool:
    parts = translation if isinstance(translation, tuple | list) else (translation,)
    return all(bool(part) for part in parts)


def read_catalogue() -> Catalog:
    if not CATALOGUE.is_file():
        return _empty()
    with CATALOGUE.open("rb") as source:
        return pofile.read_po(source, locale="pt_BR")


def _empty() -> Catalog:
    return Catalog(
        locale="pt_BR",
        project="Recado",
        version="1",
        header_comment="# Texts of Recado's pages; see `make messages`.",
        last_translator="",
        language_team="pt_BR",
        msgid_bugs_address="",
        fuzzy=False,
    )


def collect() -> Catalog:
    catalogue = _empty()
    for path in _sources():
        place = path.relative_to(BASE_DIR).as_posix()
        texts = _of_template(path) if path.suffix != ".py" else _of_python(path)
        for text, context in texts:
            # Without line numbers: they would change with every unrelated edit.
            flags = ["python-format"] if _has_placeholder(text) else []
            catalogue.add(text, locations=[(place, 0)], context=context, flags=flags)
    return catalogue


def _sources() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((BASE_DIR / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path
    for pattern in ("*.html", "*.txt"):
        yield from sorted((BASE_DIR / "templates").rglob(pattern))


def _of_python(path: Path) -> Iterator[Text]:
    with path.open("rb") as source:
        for _, name, found, _ in extract_python(source, KEYWORDS, [], {}):
            if not found:  # a variable: its texts are marked where they are written
                continue
            told = (found,) if isinstance(found, str) else found  # type: ignore[redundant-expr]  # Babel gives a single text as itself
            word = str(name).removesuffix("_lazy")
            # The number of a plural is a variable, which Babel leaves as None.
            parts = tuple(str(part) for part in told if isinstance(part, str))  # type: ignore[redundant-expr]  # its types know no None
            if len(parts) >= _TEXTS.get(word, 1):
                yield _text(word, parts)


def _of_template(path: Path) -> Iterator[Text]:
    from django.utils.translation.template import templatize

    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for match in _CALL.finditer(source):
        yield _text(match.group(1), ast.literal_eval(f"({match.group(2)},)"))


def _text(name: str, parts: tuple[str, ...]) -> Text:
    context = None
    if name in {"pgettext", "npgettext"}:
        context, *rest = parts
        parts = tuple(rest)
    if name in {"ngettext", "npgettext"}:
        return (parts[0], parts[1]), context
    return parts[0], context


def _has_placeholder(text: str | tuple[str, str]) -> bool:
    return any("%(" in part for part in ((text,) if isinstance(text, str) else text))


def _written(catalogue: Catalog) -> bytes:
    output = io.BytesIO()
    pofile.write_po(output, catalogue, width=88, sort_output=True, include_lineno=False)
    return output.getvalue()


def _compiled(catalogue: Catalog) -> bytes:
    output = io.BytesIO()
    mofile.write_mo(output, catalogue)
    return output.getvalue()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    sys.exit(main(sys.argv[1:]))
