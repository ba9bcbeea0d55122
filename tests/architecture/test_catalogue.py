"""The Portuguese catalogue says everything that pages say, and is compiled."""

from django.utils import translation

from config.management.commands import catalogue


def test_nothing_is_missing_fuzzy_stale_or_uncompiled():
    assert catalogue.problems() == []


def test_extraction_reads_code_and_templates():
    wanted = {(message.id, message.context) for message in catalogue.extract()}

    assert ("Skip to content", None) in wanted  # a template
    assert ("Open", "conversations") in wanted  # with a context
    assert (("message", "messages"), None) in wanted  # a plural
    assert ("Token in the message", None) in wanted  # a model
    assert ("no click and no lead carries this token", None) in wanted  # marked only


def test_dates_are_written_as_brazilians_do():
    with translation.override("pt-br"):
        assert translation.gettext("November") == "novembro"
