"""`manage.py sync_templates`: what an operator reads, and how it ends."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from tests.walls import as_app
from tests.whatsapp.template_account import Account, listed

pytestmark = pytest.mark.django_db(transaction=True)


def run(*options: str) -> str:
    out = StringIO()
    with as_app():
        call_command("sync_templates", "--all", *options, stdout=out)
    return out.getvalue()


def test_what_was_read_is_counted(account: Account) -> None:
    account.listed[:] = [listed("um"), listed("dois"), listed("tres")]

    told = run("--workspace", "padaria")

    assert "1 list read, 3 templates: 3 new, 0 changed, 0 gone" in told


def test_list_that_could_not_be_read_ends_with_1(account: Account) -> None:
    account.twin.fault = "401"

    with pytest.raises(SystemExit) as ended:
        run("--json")

    assert ended.value.code == 1


def test_figures_are_json(account: Account) -> None:
    facts = json.loads(run("--json"))

    assert (facts["synced"], facts["problems"]) == (1, {})
