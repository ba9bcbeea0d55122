"""What a workspace's admin types about the workspace."""

import zoneinfo
from functools import lru_cache
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from accounts.services import workspaces
from accounts.services.workspaces import LEAST_DAYS, MOST_DAYS, Settings


@lru_cache
def time_zones() -> tuple[str, ...]:
    """By region and place; the old abbreviations stay valid and are not offered."""
    return tuple(
        sorted(
            one for one in zoneinfo.available_timezones() if "/" in one or one == "UTC"
        )
    )


class WorkspaceForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        help_text=_("Type a city to find it. Every time on the pages is in this zone."),
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_(
            "Of invitations and other messages; each member chooses their own for the pages."
        ),
    )
    raw_webhook_days = forms.IntegerField(
        label=_("Keep webhook requests for (days)"),
        min_value=LEAST_DAYS,
        max_value=MOST_DAYS,
        help_text=_(
            "Requests of providers as they came in. Conversations and leads stay."
        ),
    )
    channel_log_days = forms.IntegerField(
        label=_("Keep the log of provider calls for (days)"),
        min_value=LEAST_DAYS,
        max_value=MOST_DAYS,
        help_text=_(
            "What was asked of providers and what they answered, without secrets."
        ),
    )

    @classmethod
    def of(cls, workspace: Workspace) -> "WorkspaceForm":
        values = workspaces.Settings.of(workspace)
        return cls(initial={name: getattr(values, name) for name in cls.base_fields})

    def clean_time_zone(self) -> str:
        """As typed, or as it is spelled: `america/sao paulo` finds its zone."""
        typed = self.cleaned_data["time_zone"].strip().replace(" ", "_")
        known = zoneinfo.available_timezones()
        if typed in known:
            return str(typed)
        by_small = {one.lower(): one for one in known}
        if typed.lower() in by_small:
            return by_small[typed.lower()]
        raise forms.ValidationError(
            _(
                "There is no such time zone. Choose one of the list, such as America/Sao_Paulo."
            )
        )

    @property
    def wanted(self) -> Settings:
        values: dict[str, Any] = self.cleaned_data
        return Settings(**{name: values[name] for name in self.base_fields})
