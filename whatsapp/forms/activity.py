"""The filters of the lists behind the home page's numbers: messages, and first answers."""

import datetime as dt
from typing import Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from whatsapp.forms.days import midnight
from whatsapp.forms.moments import MomentsForm, moment_field
from whatsapp.models import MessageDirection
from whatsapp.selectors.first_answers import ANSWERED, UNANSWERED

USUAL_DAYS: Final = 7


class _SpanForm(MomentsForm):
    """Without a beginning it is the last seven days."""

    no_such_year = _("Nothing was written in that year.")

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """The first moment, and the first one that is too late."""
        self.is_valid()
        since, until = (self.cleaned_data.get(name) for name in ("since", "until"))
        if since:
            return since, until or max(self.soon, since + dt.timedelta(minutes=1))
        if until:
            return until - dt.timedelta(days=USUAL_DAYS), until
        first = timezone.localtime(self.now).date() - dt.timedelta(days=USUAL_DAYS - 1)
        return midnight(first), self.soon


class MessageFilterForm(_SpanForm):
    direction = forms.ChoiceField(
        label=_("Direction"), choices=MessageDirection.choices, required=False
    )
    since = moment_field(_("From"))
    until = moment_field(_("Until"))

    @property
    def way(self) -> str:
        return self.asked.get("direction", MessageDirection.INBOUND.value)


class FirstAnswerForm(_SpanForm):
    answered = forms.ChoiceField(
        label=_("First answer"),
        choices=[
            ("", _("All")),
            (ANSWERED, _("Answered")),
            (UNANSWERED, _("Not answered yet")),
        ],
        required=False,
    )
    since = moment_field(_("From"))
    until = moment_field(_("Until"))

    @property
    def answer(self) -> str:
        return self.asked.get("answered", "")
