"""The texts of pages are found in code and in templates, and a gap is reported."""

from pathlib import Path

import pytest

from tests import messages


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project of its own, with one module and one page."""
    (tmp_path / "accounts").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "accounts" / "forms.py").write_text(
        "from django.utils.translation import gettext_lazy as _, pgettext_lazy\n"
        'label = _("Name")\nother = pgettext_lazy("of a thread", "Open")\n'
    )
    (tmp_path / "templates" / "page.html").write_text(
        '{% load i18n %}<h1>{% translate "It\'s here" %}</h1>\n'
        "{% blocktranslate trimmed count counter=n %}\n"
        "  {{ counter }} lead\n{% plural %}\n  {{ counter }} leads\n"
        "{% endblocktranslate %}\n"
    )
    monkeypatch.setattr(messages, "BASE_DIR", tmp_path)
    monkeypatch.setattr(messages, "CATALOGUE", tmp_path / "locale" / "django.po")
    return tmp_path


def test_texts_of_code_and_templates_are_found(tree):
    found = {(message.id, message.context) for message in messages.collect()}

    assert found == {
        ("", None),
        ("Name", None),
        ("Open", "of a thread"),
        ("It's here", None),
        (("%(counter)s lead", "%(counter)s leads"), None),
    }


def test_a_catalogue_passes_only_when_it_is_whole_and_compiled(tree, capsys):
    assert messages.main(["--check"]) == 0, "no catalogue is no error yet"
    messages.main([])
    assert messages.main(["--check"]) == 1
    assert "untranslated: 'Name'" in capsys.readouterr().out
    catalogue = messages.CATALOGUE
    catalogue.write_text(
        catalogue.read_text()
        .replace('msgstr[0] ""', 'msgstr[0] "x"')
        .replace('msgstr[1] ""', 'msgstr[1] "x"')
        .replace('"\nmsgstr ""\n\n', '"\nmsgstr "x"\n\n')
    )
    assert messages.main(["--check"]) == 1, "it was not compiled yet"

    messages.main([])

    assert messages.main(["--check"]) == 0


def test_a_text_that_nobody_says_any_more_is_stale(tree, capsys):
    messages.main([])
    (tree / "accounts" / "forms.py").write_text("")

    assert messages.main(["--check"]) == 1
    assert "stale: 'Name'" in capsys.readouterr().out
