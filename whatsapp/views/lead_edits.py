"""What members write about a lead: its fields, its notes, and another origin."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import WorkspaceRequest, carried_query, client_ip, requires
from accounts.permissions import Action
from whatsapp.forms.leads import CorrectionForm, LeadForm, NoteForm
from whatsapp.models import Lead, LeadNote
from whatsapp.selectors import funnel, leads
from whatsapp.services import corrections
from whatsapp.services import leads as lead_service

_CONFLICT = 409  # what was typed is shown again beside what stands there now
form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@requires(Action.EDIT_LEADS)
def lead_edit(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    lead, status = _find(request, key), 200
    values = {"name": lead.name, "email": lead.email, "stage": lead.stage}
    form = LeadForm(
        _posted(request), initial=values | {"seen": lead_service.mark_of(lead)}
    )
    if _was_merged(request, lead, key):
        if not form.is_bound:
            return redirect("whatsapp:lead-edit", request.workspace.slug, lead.key)
        form.data = {**form.data, "seen": lead_service.mark_of(lead)}
        status = _CONFLICT
    elif form.is_bound and form.is_valid():
        told = form.cleaned_data
        try:
            changed = lead_service.edit_lead(
                lead,
                name=told["name"],
                email=told["email"],
                stage=told["stage"],
                seen=told["seen"],
                actor=request.user,
                now=timezone.now(),
                ip=client_ip(request),
            )
        except lead_service.LeadStale as stale:
            form.tell_now(stale.lead, mark=lead_service.mark_of(stale.lead))
            status = _CONFLICT
        else:
            messages.success(
                request, _("Lead saved.") if changed else _("Nothing changed.")
            )
            return _back(request, lead)
    stages = funnel.stages_in_use(request.workspace)
    context = {"form": form, "stages": stages}
    return _page(request, "whatsapp/lead_edit.html", lead, status=status, **context)


@form_page
@requires(Action.EDIT_LEADS)
def lead_origin(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    lead, status = _find(request, key), 200
    form = CorrectionForm(
        _posted(request),
        touches=leads.list_touches(lead),
        links=leads.list_link_choices(request.workspace),
        initial={"seen": lead.attribution_id},
    )
    if _was_merged(request, lead, key):
        if not form.is_bound:
            return redirect("whatsapp:lead-origin", request.workspace.slug, lead.key)
        form.look_again(lead.attribution_id)
        status = _CONFLICT
    elif form.is_bound and "seen" in form.errors:
        form.look_again(lead.attribution_id)
        status = _CONFLICT
    elif form.is_bound and form.is_valid():
        try:
            corrections.correct_origin(
                lead,
                touch=form.touch,
                link=form.link,
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["seen"],
                actor=request.user,
                now=timezone.now(),
                ip=client_ip(request),
            )
        except (corrections.CorrectionStale, corrections.CorrectionInvalid):
            lead = _find(request, key)
            form.look_again(lead.attribution_id)
            status = _CONFLICT
        else:
            messages.success(request, _("Origin corrected."))
            return _back(request, lead)
    return _page(request, "whatsapp/lead_origin.html", lead, status=status, form=form)


@form_page
@requires(Action.EDIT_LEADS)
def lead_notes(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """All notes with the form for a new one; `?delete=` asks before one goes."""
    lead, status = _find(request, key), 200
    form = NoteForm(_posted(request))
    doomed = _own_note(request, lead)
    if request.method == "POST" and "delete" in request.POST:
        if doomed is not None:  # a second click on a note that is gone already
            lead_service.delete_note(
                doomed, actor=request.user, now=timezone.now(), ip=client_ip(request)
            )
        messages.success(request, _("Note deleted."))
        return _back(request, lead, anchor="#notes")
    if _was_merged(request, lead, key):
        if not form.is_bound:
            return redirect("whatsapp:lead-notes", request.workspace.slug, lead.key)
        status = _CONFLICT
    elif form.is_bound and form.is_valid():
        lead_service.add_note(
            lead,
            key=form.cleaned_data["key"],
            text=form.cleaned_data["text"],
            author=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
        messages.success(request, _("Note kept."))
        return _back(request, lead, anchor="#notes")
    context = {"form": form, "notes": leads.list_notes(lead), "doomed": doomed}
    return _page(request, "whatsapp/lead_notes.html", lead, status=status, **context)


def _posted(request: WorkspaceRequest) -> dict[str, str] | None:
    return request.POST.dict() if request.method == "POST" else None


def _own_note(request: WorkspaceRequest, lead: Lead) -> LeadNote | None:
    """The note to delete; another person's is refused, an unknown one is nothing."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        key = uuid.UUID(asked.get("delete", ""))
    except ValueError:
        return None
    note = leads.find_note(lead, key=key)
    if note is not None and note.author_id != request.user.pk:
        raise PermissionDenied
    return note


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Lead:
    lead = leads.find_editable(request.workspace, key=key)
    if lead is None:
        raise Http404
    return lead


def _was_merged(request: WorkspaceRequest, lead: Lead, key: uuid.UUID) -> bool:
    """Whether the page was about a lead that has become part of `lead`; then it says so."""
    if lead.key == key:
        return False
    told = _("This lead was merged into another one, which is this.")
    if request.method == "POST":
        told = _(
            "This lead was merged into another one meanwhile, which is this. Nothing was"
            " saved yet: look, and send it again."
        )
    messages.warning(request, told)
    return True


def _page(
    request: WorkspaceRequest,
    template: str,
    lead: Lead,
    *,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    person = leads.person_of(lead, leads.list_identities(lead))
    context |= {"lead": lead, "person": person}
    return render(request, template, context, status=status)


def _back(request: WorkspaceRequest, lead: Lead, *, anchor: str = "") -> HttpResponse:
    page = redirect("whatsapp:lead-detail", request.workspace.slug, lead.key)
    page["Location"] += carried_query(request) + anchor
    return page
