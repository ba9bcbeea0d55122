"""What a member notes about who wants no messages, and an admin sets up about the words."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from whatsapp import auto_texts, stop_words
from whatsapp.auto_texts import STARTED, STOPPED
from whatsapp.folding import fold
from whatsapp.forms.occasions import OccasionsForm
from whatsapp.models import OptOutScope, OptOutWords
from whatsapp.services.opt_outs import WordRules
from whatsapp.stop_words import LONGEST_WORD, MOST_WORDS

OCCASIONS = {
    STOPPED: _("Answer to a word that stops"),
    STARTED: _("Answer to a word that starts again"),
}


class SilenceForm(forms.Form):
    wanted = forms.ChoiceField(
        label=_("What they want"),
        required=False,
        widget=forms.RadioSelect,
        choices=[
            ("", _("All our messages")),
            (
                OptOutScope.MARKETING,
                _("No campaigns; news about their orders and tickets"),
            ),
            (OptOutScope.ALL, _("Nothing, unless they write first")),
        ],
    )
    reason = forms.CharField(
        label=_("How you know"),
        max_length=200,
        help_text=_("Such as: asked for it on the phone on Monday."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class WordsForm(OccasionsForm):
    occasions_told = OCCASIONS

    is_on = forms.BooleanField(
        label=_("People stop and start by writing a word"), required=False
    )
    stop_words = forms.CharField(
        label=_("Words that stop"),
        required=False,
        max_length=4000,
        help_text=_(
            "One a line. Only a message that is this word and nothing else counts, "
            "however it is written. Take out what people say to you for other reasons, "
            "such as CANCELAR where appointments are cancelled."
        ),
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    start_words = forms.CharField(
        label=_("Words that start again"),
        required=False,
        max_length=4000,
        help_text=_("They count only from people who have stopped."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    confirms = forms.BooleanField(label=_("Answer once to such a word"), required=False)

    def __init__(self, data: Any = None, *, row: OptOutWords, language: str) -> None:
        super().__init__(
            data,
            initial=_initial(row),
            texts=row.texts or auto_texts.DEFAULTS,
            language=language,
        )
        self.add_texts()

    def clean_stop_words(self) -> list[str]:
        words = self._words("stop_words")
        if self.cleaned_data.get("is_on") and not words:
            raise forms.ValidationError(
                gettext("Keep at least one word, or turn the words off.")
            )
        return words

    def clean_start_words(self) -> list[str]:
        return self._words("start_words")

    def _words(self, name: str) -> list[str]:
        words: dict[str, str] = {}
        for line in self.cleaned_data[name].splitlines():
            word = " ".join(line.split())
            if len(word) > LONGEST_WORD:
                told = gettext("“%(word)s…” is too long for a word.")
                raise forms.ValidationError(told % {"word": word[:20]})
            if fold(word):
                words.setdefault(fold(word), word)
        if len(words) > MOST_WORDS:
            told = gettext("These are more words than fit: at most %(most)s.")
            raise forms.ValidationError(told % {"most": MOST_WORDS})
        return list(words.values())

    def clean(self) -> dict[str, Any]:
        super().clean()
        told = self.cleaned_data
        both = stop_words.folded(told.get("stop_words", ())) & stop_words.folded(
            told.get("start_words", ())
        )
        if both:
            self.add_error(
                "start_words",
                gettext("“%(word)s” cannot both stop and start.")
                % {"word": min(both).upper()},
            )
        for what in OCCASIONS:
            self.check_gaps(what)
            if told.get("confirms"):
                self.require_text(what)
        return told

    @property
    def rules(self) -> WordRules:
        told = self.cleaned_data
        return WordRules(
            is_on=told["is_on"],
            confirms=told["confirms"],
            stop_words=told["stop_words"],
            start_words=told["start_words"],
            texts=self.texts,
        )


def _initial(row: OptOutWords) -> dict[str, Any]:
    return {
        "is_on": row.is_on,
        "confirms": row.confirms,
        "stop_words": "\n".join(row.stop_words),
        "start_words": "\n".join(row.start_words),
    }
