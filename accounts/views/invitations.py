"""Inviting from the settings; and the page behind an invitation's link, open to anybody."""

import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.forms.members import InvitationForm
from accounts.http import (
    WorkspaceRequest,
    client_ip,
    neighbourhood,
    requires,
    too_many,
)
from accounts.limits import LimitReached
from accounts.models import Invitation, MailState, User
from accounts.permissions import Action, grantable
from accounts.selectors import members
from accounts.services import (
    acceptance,
    central_accounts,
    invitation_mail,
    invitations,
)
from accounts.services.acceptance import Refused, Why
from accounts.services.invitations import (
    InvitationGone,
    InvitationInvalid,
    Issued,
)
from accounts.services.memberships import NotAllowed

_LIST = "accounts:settings-members"


# --- in the settings ------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Action.MANAGE_MEMBERS)
def invite(request: WorkspaceRequest) -> HttpResponse:
    roles = grantable(request.membership.role)
    if request.method != "POST":
        return _form(request, InvitationForm(roles=roles))
    form = InvitationForm(request.POST, roles=roles)
    if not form.is_valid():
        return _form(request, form)
    try:
        issued = invitations.invite(
            workspace=request.workspace,
            email=form.cleaned_data["email"],
            role=form.cleaned_data["role"],
            mail=_mail_state(request),
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
    except InvitationInvalid as error:
        form.refuse(error.field, error.code)
        return _form(request, form)
    except LimitReached as reached:
        return _stop(request, form.cleaned_data["email"], reached)
    return _hand_out(request, issued)


@require_POST
@never_cache
@requires(Action.MANAGE_MEMBERS)
def renew(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """A new link, by mail or to copy; the old one ends."""
    try:
        issued = invitations.renew(
            request.workspace,
            key,
            mail=_mail_state(request),
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
    except (InvitationGone, NotAllowed) as error:
        return _refuse(request, error)
    except LimitReached as reached:
        invitation = members.find_invitation(request.workspace, key)
        return _stop(request, invitation.email if invitation else "", reached)
    return _hand_out(request, issued)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_MEMBERS)
def revoke(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    if request.method != "POST":
        invitation = members.find_invitation(request.workspace, key)
        if invitation is None:
            raise Http404
        context = {"invitation": invitation}
        return render(request, "accounts/settings/invitation_revoke.html", context)
    try:
        invitation = invitations.revoke(
            request.workspace,
            key,
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
    except (InvitationGone, NotAllowed) as error:
        return _refuse(request, error)
    told = gettext("The invitation of %(email)s was revoked.")
    messages.success(request, told % {"email": invitation.email})
    return redirect(_LIST, request.workspace.slug)


def _mail_state(request: WorkspaceRequest) -> MailState:
    return invitation_mail.state_for(as_link="as_link" in request.POST)


def _form(request: WorkspaceRequest, form: InvitationForm) -> HttpResponse:
    context = {
        "form": form,
        "has_mail": invitation_mail.has_mail_server(),
        "days": invitations.LASTS.days,
    }
    return render(request, "accounts/settings/invite.html", context)


def _hand_out(request: WorkspaceRequest, issued: Issued) -> HttpResponse:
    """Mailed, and the list says what became of it; or shown here and never again."""
    if issued.invitation.mail == MailState.WAITING:
        invitation_mail.send_on_commit(issued)
        told = gettext("The invitation of %(email)s is on its way.")
        messages.success(request, told % {"email": issued.invitation.email})
        return redirect(_LIST, request.workspace.slug)
    context = {
        "invitation": issued.invitation,
        "link": invitation_mail.link(issued),
        "has_mail": invitation_mail.has_mail_server(),
    }
    return render(request, "accounts/settings/invitation_link.html", context)


def _refuse(request: WorkspaceRequest, error: Exception) -> HttpResponse:
    told = (
        gettext("This invitation was taken up or revoked meanwhile.")
        if isinstance(error, InvitationGone)
        else gettext("Your role does not allow that. Nothing changed.")
    )
    messages.warning(request, told)
    return redirect(_LIST, request.workspace.slug)


def _stop(request: WorkspaceRequest, email: str, reached: LimitReached) -> HttpResponse:
    """Answered here: raised further, it would undo what is put on record."""
    if reached.is_news:
        invitations.note_limit(
            request.workspace,
            email,
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
    return too_many(request, reached.retry_after_seconds, is_guess=False)


# --- behind the link ------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Says what the link stands for. Nobody joins by opening it: that takes a POST."""
    user = request.user if request.user.is_authenticated else None
    found = _find(request, token)
    if request.method == "POST":
        return _accept(request, token, user)
    if found is None:
        return _page(request, token, None, Why.UNKNOWN)
    now = timezone.now()
    why = acceptance.objection(found, user=user, now=now)
    if why is not None:
        if _is_theirs(found, why, user):
            return redirect("webhooks:home", found.workspace.slug)
        acceptance.note_refusal(found, why, user=user, ip=client_ip(request), now=now)
    return _page(request, token, found, why)


def _accept(request: HttpRequest, token: str, user: User | None) -> HttpResponse:
    here = reverse("accounts:invitation", kwargs={"token": token})
    if user is None:
        return redirect_to_login(here)
    try:
        membership = acceptance.accept(
            token, user=user, ip=client_ip(request), now=timezone.now()
        )
    except Refused as refusal:
        found = acceptance.find(token)
        if found is not None and _is_theirs(found, refusal.why, user):
            return redirect("webhooks:home", found.workspace.slug)
        return _page(request, token, found, refusal.why)
    told = gettext("Welcome to %(workspace)s.")
    messages.success(request, told % {"workspace": membership.workspace.name})
    return redirect("webhooks:home", membership.workspace.slug)


@require_POST
@login_not_required
@never_cache
def account(request: HttpRequest, token: str) -> HttpResponse:
    """On to an account at the installation's identity server, then to sign in and join."""
    found = _find(request, token)
    why = (
        Why.UNKNOWN
        if found is None
        else acceptance.objection(found, user=None, now=timezone.now())
    )
    if found is None or why is not None or not central_accounts.is_offered():
        return _page(request, token, found, why)
    here = reverse("accounts:invitation", kwargs={"token": token})
    sign_in = f"{reverse('account_login')}?{urlencode({'next': here})}"
    try:
        link = central_accounts.account_link(
            found, return_to=f"{settings.PUBLIC_URL}{sign_in}"
        )
    except central_accounts.HasAccount:
        messages.info(request, gettext("You have an account already: sign in with it."))
        return redirect(sign_in)
    except central_accounts.ServerAway:
        told = gettext("The sign-in server does not answer. Try again in a minute.")
        messages.warning(request, told)
        return redirect(here)
    return redirect(link)


def _find(request: HttpRequest, token: str) -> Invitation | None:
    """Counted before it is looked for; only links that lead nowhere add up."""
    address = neighbourhood(request)
    limits.demand("invitation_address", address, now=timezone.now())
    found = acceptance.find(token)
    if found is not None:
        limits.uncount("invitation_address", address)
    return found


def _is_theirs(found: Invitation, why: Why, user: User | None) -> bool:
    """The one who used it comes back by the same link, or has pressed twice."""
    return (
        why == Why.USED
        and user is not None
        and found.accepted_by_id == user.pk
        and members.is_member(found.workspace, user)
    )


_STATUSES = {
    Why.UNKNOWN: 404,
    Why.EXPIRED: 410,
    Why.USED: 410,
    Why.REVOKED: 410,
    Why.INVITER: 410,
    Why.DEPARTED: 410,
    Why.OTHER_ADDRESS: 403,
    Why.UNPROVEN: 403,
}


def _page(
    request: HttpRequest, token: str, found: Invitation | None, why: Why | None
) -> HttpResponse:
    """What a link that leads nowhere stood for is not told: it may be in wrong hands."""
    here = reverse("accounts:invitation", kwargs={"token": token})
    may_tell = why in (None, Why.OTHER_ADDRESS, Why.UNPROVEN)
    context = {
        "why": why.value if why else "",
        "invitation": found if may_tell else None,
        "here": here,
        "token": token,
        "sign_in_url": f"{reverse('account_login')}?{urlencode({'next': here})}",
        "offers_account": central_accounts.is_offered(),
        "has_mail": invitation_mail.has_mail_server(),
    }
    status = _STATUSES[why] if why else 200
    return render(request, "accounts/invitation.html", context, status=status)
