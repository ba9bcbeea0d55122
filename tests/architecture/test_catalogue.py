"""The Portuguese catalogue says everything that pages say, and is compiled."""

from django.utils import translation

from tests import messages


def test_nothing_is_missing_fuzzy_stale_or_uncompiled(capsys):
    found = messages.main(["--check"])

    assert found == 0, capsys.readouterr().out


def test_translations_keep_the_placeholders():
    catalogue = messages.read_catalogue()

    wrong = [
        f"{message.id}: {error}"
        for message in catalogue
        for error in message.check(catalogue)
    ]

    assert wrong == []


def test_extraction_reads_code_and_templates():
    wanted = {(message.id, message.context) for message in messages.collect()}

    assert ("Skip to content", None) in wanted  # a template
    assert ("Open", "conversations") in wanted  # with a context
    assert (("message", "messages"), None) in wanted  # a plural
    assert ("Token in the message", None) in wanted  # a model
    assert ("no click and no lead carries this token", None) in wanted  # marked only


def test_dates_are_written_as_brazilians_do():
    with translation.override("pt-br"):
        assert translation.gettext("November") == "novembro"
