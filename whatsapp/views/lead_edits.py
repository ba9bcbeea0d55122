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
from whatsapp.selectors import lead_filters, leads
from whatsapp.services import corrections
from whatsapp.services import leads as lead_service

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@requires(Action.EDIT_LEADS)
def lead_edit(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    lead = _find(request, key)
    form = LeadForm(
        request.POST if request.method == "POST" else None,
        initial={"name": lead.name, "email": lead.email, "stage": lead.stage},
    )
    if request.method == "POST" and form.is_valid():
        changed = lead_service.edit_lead(
            lead,
            name=form.cleaned_data["name"],
            email=form.cleaned_data["email"],
            stage=form.cleaned_data["stage"],
            actor=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
        messages.success(
            request, _("Lead saved.") if changed else _("Nothing changed.")
        )
        return _back(request, key)
    stages = lead_filters.list_stages(request.workspace)
    return _page(request, "whatsapp/lead_edit.html", lead, form=form, stages=stages)


@form_page
@requires(Action.EDIT_LEADS)
def lead_origin(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    lead = _find(request, key)
    form = CorrectionForm(
        request.POST if request.method == "POST" else None,
        touches=leads.list_touches(lead),
        links=leads.list_link_choices(request.workspace),
        initial={"seen": lead.attribution_id},
    )
    if request.method == "POST" and form.is_valid():
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
        except corrections.CorrectionStale:
            messages.warning(
                request,
                _("Another origin was found meanwhile. Look at it before correcting."),
            )
        else:
            messages.success(request, _("Origin corrected."))
        return _back(request, key)
    return _page(request, "whatsapp/lead_origin.html", lead, form=form)


@form_page
@requires(Action.EDIT_LEADS)
def lead_notes(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """All notes with the form for a new one; `?delete=` asks before one goes."""
    lead = _find(request, key)
    form = NoteForm(request.POST if request.method == "POST" else None)
    doomed = _own_note(request, lead)
    if request.method == "POST" and "delete" in request.POST:
        if doomed is not None:  # a second click on a note that is gone already
            lead_service.delete_note(
                doomed, actor=request.user, now=timezone.now(), ip=client_ip(request)
            )
        messages.success(request, _("Note deleted."))
        return _back(request, key, anchor="#notes")
    if request.method == "POST" and form.is_valid():
        lead_service.add_note(
            lead,
            key=form.cleaned_data["key"],
            text=form.cleaned_data["text"],
            author=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
        messages.success(request, _("Note kept."))
        return _back(request, key, anchor="#notes")
    notes = leads.list_notes(lead)
    return _page(
        request, "whatsapp/lead_notes.html", lead, form=form, notes=notes, doomed=doomed
    )


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


def _page(
    request: WorkspaceRequest, template: str, lead: Lead, **context: object
) -> HttpResponse:
    person = leads.person_of(lead, leads.list_identities(lead))
    return render(request, template, {"lead": lead, "person": person, **context})


def _back(
    request: WorkspaceRequest, key: uuid.UUID, *, anchor: str = ""
) -> HttpResponse:
    page = redirect("whatsapp:lead-detail", request.workspace.slug, key)
    page["Location"] += carried_query(request) + anchor
    return page
