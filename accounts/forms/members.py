"""Inviting somebody, giving a role, handing a workspace over."""

from collections.abc import Sequence
from typing import cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import emails
from accounts.models import Membership, Role, Workspace

# What each role may do, beside its name wherever one is chosen.
ABOUT_ROLES = {
    Role.OWNER: _("Everything, and handing the workspace over."),
    Role.ADMIN: _("Members, numbers, links, settings, and all that agents do."),
    Role.AGENT: _("Answers conversations, edits leads and tickets."),
    Role.VIEWER: _("Reads everything, changes nothing."),
}
PROBLEMS = {
    "invalid": _("This is no e-mail address."),
    "not_ascii": emails.NOT_ASCII,
    "member": _("This person is a member already."),
    "invited": _(
        "This person is invited already. Send it again from the list of members."
    ),
    "too_many": _("Too many invitations are open. Revoke some that nobody needs."),
}


def _choices(roles: Sequence[Role]) -> list[tuple[str, str]]:
    return [(one.value, f"{one.label}: {ABOUT_ROLES[one]}") for one in roles]


class _AddressField(forms.EmailField):
    default_validators = [emails.validate]


class InvitationForm(forms.Form):
    email = _AddressField(
        label=_("E-mail"),
        max_length=emails.MOST,
        help_text=_(
            "The invitation counts for whoever signs in with this address alone."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: object, roles: Sequence[Role], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed through
        field = cast("forms.ChoiceField", self.fields["role"])
        field.choices = _choices(roles)
        if Role.AGENT in roles:
            field.initial = Role.AGENT.value

    def refuse(self, field: str, code: str) -> None:
        self.add_error(field, PROBLEMS[code])


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: object, roles: Sequence[Role], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed through
        cast("forms.ChoiceField", self.fields["role"]).choices = _choices(roles)


class OwnershipForm(forms.Form):
    heir = forms.ChoiceField(label=_("New owner"))
    name = forms.CharField(
        label=_("Name of the workspace"),
        max_length=100,
        help_text=_("Type it to confirm."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self,
        *args: object,
        workspace: Workspace,
        heirs: Sequence[Membership],
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed through
        self._workspace = workspace
        cast("forms.ChoiceField", self.fields["heir"]).choices = [
            ("", _("Choose a member")),
            *(
                (
                    str(one.key),
                    f"{one.user.name} ({one.user.email})"
                    if one.user.name
                    else one.user.email,
                )
                for one in heirs
            ),
        ]

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"])
        if typed.strip().casefold() != self._workspace.name.strip().casefold():
            raise forms.ValidationError(_("This is not the name of this workspace."))
        return typed
