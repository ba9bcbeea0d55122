"""What the documents tell operators to type and to watch must exist."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from prometheus_client import REGISTRY

from accounts import broadcast  # noqa: F401  # counts what is told
from config import health
from webhooks import metrics  # noqa: F401  # counts what is heard

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted({*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")})
# Read before Django's own options are known.
_BEFORE_SETTINGS = {"up", "doctor"}
_COMMAND = re.compile(r"manage\.py ([a-z]\w*)((?: [^`\n|]*)?)")
_OPTION = re.compile(r"(?<=\s)--[a-z][a-z-]*")


def lines_of(document):
    return _COMMAND.findall(document.read_text())


def options_of(command):
    parser = load_command_class(get_commands()[command], command).create_parser(
        "manage.py", command
    )
    return {name for action in parser._actions for name in action.option_strings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_documents_exist_with_their_options(document):
    for command, rest in lines_of(document):
        assert command in get_commands()
        if command not in _BEFORE_SETTINGS:
            assert set(_OPTION.findall(rest)) <= options_of(command), command


def test_the_operators_document_knows_every_command_of_the_inbox():
    named = {command for command, _ in lines_of(ROOT / "docs" / "operations.md")}
    inbox = {name for name, room in get_commands().items() if room == "webhooks"}

    assert inbox
    assert inbox <= named


# Names of the same form that are no metrics.
DATABASE_ROLES = {"recado_app", "recado_crossing", "recado_central"}


def test_metrics_in_documents_exist():
    counters = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in REGISTRY.collect()
    }
    known = {count.name for count in health.COUNTS} | counters | {"recado_database_up"}

    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`(recado_\w+)", document.read_text())
    }

    assert named
    assert named - DATABASE_ROLES <= known
