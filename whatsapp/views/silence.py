"""Who wants no messages: noted about a lead by hand, and the words by which they say so."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import WorkspaceRequest, carried_query, client_ip, requires
from accounts.permissions import Action
from whatsapp.forms.silence import SilenceForm, WordsForm
from whatsapp.selectors import leads, silence
from whatsapp.services import opt_outs

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@requires(Action.EDIT_LEADS)
def lead_silence(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    lead = leads.find_editable(request.workspace, key=key)
    if lead is None:
        raise Http404
    if lead.key != key and request.method != "POST":
        return redirect("whatsapp:lead-silence", request.workspace.slug, lead.key)
    before = silence.of_lead(lead)
    form = SilenceForm(
        request.POST if request.method == "POST" else None,
        initial={"wanted": before.scope},
    )
    if form.is_valid():
        try:
            changed = opt_outs.note_of_lead(
                lead,
                wanted=form.cleaned_data["wanted"],
                reason=form.cleaned_data["reason"],
                actor=request.user,
                now=timezone.now(),
                ip=client_ip(request),
            )
        except opt_outs.NoName:
            form.add_error(
                None,
                _("No number of this person is known: nothing can be sent anyway."),
            )
        else:
            messages.success(request, _("Noted.") if changed else _("Nothing changed."))
            page = redirect("whatsapp:lead-detail", request.workspace.slug, lead.key)
            page["Location"] += carried_query(request) + "#silence"
            return page
    person = leads.person_of(lead, leads.list_identities(lead))
    context = {"lead": lead, "person": person, "silence": before, "form": form}
    return render(request, "whatsapp/lead_silence.html", context)


@form_page
@requires(Action.MANAGE_WORKSPACE)
def opt_out_words(request: WorkspaceRequest) -> HttpResponse:
    form = WordsForm(
        request.POST if request.method == "POST" else None,
        row=silence.words_of(request.workspace),
        language=request.workspace.language,
    )
    if form.is_bound and form.is_valid():
        changed = opt_outs.change_words(
            request.workspace, form.rules, actor=request.user, ip=client_ip(request)
        )
        messages.success(request, _("Saved.") if changed else _("Nothing changed."))
        return redirect("whatsapp:opt-out-words", request.workspace.slug)
    return render(request, "whatsapp/opt_out_words.html", {"form": form})
