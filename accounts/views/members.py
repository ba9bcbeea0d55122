"""Who belongs to a workspace: the list, one member's role, going, and handing over."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts import selectors
from accounts.forms.members import ABOUT_ROLES, OwnershipForm, RoleForm
from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.models import ApiToken, Membership, Role
from accounts.permissions import Action, grantable, may, outranks
from accounts.selectors import members
from accounts.services import invitation_mail, memberships
from accounts.services.memberships import LastOwner, MemberGone, NotAllowed

_LIST = "accounts:settings-members"


@require_safe
@requires(Action.READ)
def member_list(request: WorkspaceRequest) -> HttpResponse:
    role = request.membership.role
    may_manage = may(role, Action.MANAGE_MEMBERS)
    now = timezone.now()
    rows = members.list_rows(request.workspace, viewer=request.membership)
    invited = members.list_invitations(request.workspace) if may_manage else []
    # What whoever invited may give now; see `acceptance.objection()`.
    given = {
        row.membership.user_id: grantable(row.membership.role)
        for row in rows
        if row.membership.user.is_active
    }
    context = {
        "rows": rows,
        "invitations": [
            (
                one,
                one.has_expired(now),
                one.invited_by_id in given and one.role in given[one.invited_by_id],
                one.role in grantable(role),
            )
            for one in invited
        ],
        "about_roles": [(one.label, about) for one, about in ABOUT_ROLES.items()],
        "has_mail": invitation_mail.has_mail_server(),
    }
    return render(request, "accounts/settings/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_MEMBERS)
def member(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """One member's role."""
    row = _find(request, key)
    roles = _roles_for(request, row)
    if request.method != "POST":
        return _member(request, row, RoleForm(roles=roles, initial={"role": row.role}))
    form = RoleForm(request.POST, roles=roles)
    if not form.is_valid():
        return _member(request, row, form)
    role = form.cleaned_data["role"]

    def act() -> str:
        released = memberships.change_role(
            request.workspace,
            key,
            role=role,
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
        if released is None:
            return gettext("Nothing was different.")
        told = gettext("The role was changed.")
        return f"{told} {_freed(released)}" if released else told

    return _do(request, act)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_MEMBERS)
def member_remove(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    row = _find(request, key)
    if request.method != "POST":
        context = {
            "row": row,
            "may_remove": outranks(request.membership.role, row.role),
            "is_last_owner": members.is_only_owner(row),
            "held": memberships.holdings(request.workspace, row.user),
            "tokens": _tokens_of(request, row),
        }
        return render(request, "accounts/settings/member_remove.html", context)

    def act() -> str:
        released = memberships.remove(
            request.workspace,
            key,
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
        told = gettext("%(email)s is no member any more.") % {"email": row.user.email}
        return f"{told} {_freed(released)}" if released else told

    return _do(request, act)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.READ)
def leave(request: WorkspaceRequest) -> HttpResponse:
    if request.method != "POST":
        context = {
            "is_last_owner": members.is_only_owner(request.membership),
            "held": memberships.holdings(request.workspace, request.user),
        }
        return render(request, "accounts/settings/leave.html", context)
    try:
        memberships.leave(
            request.workspace,
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
    except LastOwner:
        messages.error(request, _last_owner())
        return redirect("accounts:settings-member-leave", request.workspace.slug)
    told = gettext("You left %(workspace)s.") % {"workspace": request.workspace.name}
    messages.success(request, told)
    return redirect("accounts:home")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.TRANSFER_OWNERSHIP)
def ownership(request: WorkspaceRequest) -> HttpResponse:
    heirs = [
        one
        for one in members.list_members(request.workspace)
        if one.pk != request.membership.pk and one.user.is_active
    ]
    if request.method != "POST":
        return _ownership(request, heirs, None)
    form = OwnershipForm(request.POST, workspace=request.workspace, heirs=heirs)
    if not form.is_valid():
        return _ownership(request, heirs, form)

    def act() -> str:
        heir = memberships.transfer_ownership(
            request.workspace,
            uuid.UUID(form.cleaned_data["heir"]),
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
        return gettext("%(person)s owns the workspace now, and you are an admin.") % {
            "person": heir.user.name or heir.user.email
        }

    return _do(request, act)


def _do(request: WorkspaceRequest, act: Callable[[], str]) -> HttpResponse:
    """Do it, or say why not; either way the list shows how things stand."""
    try:
        messages.success(request, act())
    except LastOwner:
        messages.error(request, _last_owner())
    except MemberGone:
        messages.warning(request, gettext("This person was no member any more."))
    except NotAllowed:
        messages.error(
            request, gettext("Your role does not allow that. Nothing changed.")
        )
    return redirect(_LIST, request.workspace.slug)


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Membership:
    row = members.find_member(request.workspace, key)
    if row is None:
        raise Http404
    return row


def _roles_for(request: WorkspaceRequest, row: Membership) -> list[Role]:
    """What may be chosen for this member: nothing for somebody above oneself."""
    mine = request.membership.role
    return grantable(mine) if outranks(mine, row.role) else []


def _tokens_of(request: WorkspaceRequest, row: Membership) -> list[ApiToken]:
    """What they made and may have seen the secret of, whatever becomes of their role."""
    now = timezone.now()
    return selectors.list_live_tokens_of(request.workspace, row.user, now=now)


def _member(request: WorkspaceRequest, row: Membership, form: RoleForm) -> HttpResponse:
    context = {
        "row": row,
        "form": form,
        "may_change": outranks(request.membership.role, row.role),
        "is_last_owner": members.is_only_owner(row),
        "held": memberships.holdings(request.workspace, row.user),
        "tokens": _tokens_of(request, row),
    }
    return render(request, "accounts/settings/member.html", context)


def _ownership(
    request: WorkspaceRequest, heirs: list[Membership], form: OwnershipForm | None
) -> HttpResponse:
    context = {
        "heirs": heirs,
        "form": form or OwnershipForm(workspace=request.workspace, heirs=heirs),
    }
    return render(request, "accounts/settings/ownership.html", context)


def _freed(count: int) -> str:
    told = ngettext(
        "%(count)s open conversation is nobody's now.",
        "%(count)s open conversations are nobody's now.",
        count,
    )
    return told % {"count": count}


def _last_owner() -> str:
    return gettext("A workspace keeps an owner. Hand it over to somebody first.")
