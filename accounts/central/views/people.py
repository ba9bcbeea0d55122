"""Who has an account here, and the one-time link for somebody who shall have one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import emails
from accounts.central import people, rules
from accounts.central.forms import PersonForm
from accounts.central.models import Invitation
from accounts.central.views.guard import admins_only, person_of
from accounts.models import User

_PROBLEMS = {
    "taken": lambda: _("This person already has an account."),
    "email": lambda: _("This is no e-mail address."),
    "not_ascii": lambda: str(emails.NOT_ASCII),
}
MOST_SHOWN = 500


@never_cache
@admins_only
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The list, and the form. A link that was made is shown in the answer alone."""
    form = PersonForm(request.POST or None)
    link = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = people.invite(
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                now=timezone.now(),
                request=request,
            )
        except people.PersonInvalid as refusal:
            form.add_error("email", _PROBLEMS[refusal.problem]())
        else:
            link, form = f"{rules.issuer()}{made.path}", PersonForm()
    waiting = Invitation.objects.filter(used_at=None, expires_at__gt=timezone.now())
    context = {
        "form": form,
        "link": link,
        "people": people.list_people()[:MOST_SHOWN],
        "invitations": waiting.order_by("-created_at")[:MOST_SHOWN],
    }
    return render(request, "central/person_list.html", context)


@admins_only
@require_POST
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody switches themselves off, so that the last admin stays."""
    others = User.objects.exclude(pk=person_of(request).pk)
    people.set_active(
        get_object_or_404(others, pk=pk),
        is_active=request.POST.get("to") == "active",
        request=request,
    )
    return redirect("central:person-list")


@admins_only
@require_POST
def vouch(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever looks after the server knows that the address is theirs."""
    person = get_object_or_404(User, pk=pk)
    people.mark_proven(person, "vouched", request=request)
    return redirect("central:person-list")
