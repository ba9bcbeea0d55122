"""Writing a template: a new one, a translation of one, or another text for one."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from integrations.selectors import channels as channels_selector
from whatsapp import template_preview, template_rules, template_words
from whatsapp.forms.templates import TemplateForm
from whatsapp.models import Template
from whatsapp.selectors import templates as selector
from whatsapp.services import template_desk
from whatsapp.services.template_desk import NotTaken
from whatsapp.views.templates import by

_ASKS = "the provider is asked meanwhile"


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.CONNECT, own_transactions=_ASKS)
def template_new(request: WorkspaceRequest) -> HttpResponse:
    """`?from=<key>` begins with that template, for another language of it."""
    with workspace_transaction(request.workspace.pk):
        channels = _channels(request)
        source = _source(request)
    initial = _first_values(source, channels)
    form = TemplateForm(request.POST or None, channels=channels, initial=initial)
    if not _is_submitted(request, form):
        return _page(request, form, channels=channels)
    channel: Channel = form.cleaned_data["number"]
    assert channel.integration is not None  # noqa: S101  # `_channels` leaves others out
    try:
        row = template_desk.create(channel.integration, form.draft, by(request))
    except NotTaken as error:
        failure = template_words.failure(channel.provider, error)
        return _page(request, form, channels=channels, failure=failure)
    return _submitted(request, row)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.CONNECT, own_transactions=_ASKS)
def template_edit(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    with workspace_transaction(request.workspace.pk):
        template = selector.find(request.workspace, key=key)
        channels = [
            one
            for one in _channels(request)
            if template is not None and one.integration_id == template.integration_id
        ]
    if template is None or template.gone_at is not None or not channels:
        raise Http404
    provider = template.integration.provider
    draft = template_rules.draft_of(
        template.name, template.language, template.category, template.components
    )
    is_possible = template_desk.may_edit(provider) and template.external_id
    if draft is None or not is_possible:
        raise Http404
    form = TemplateForm(
        request.POST or None,
        channels=channels,
        is_known=True,
        keeps_category=template.is_usable,
        initial=TemplateForm.values_of(draft, channels[0]),
    )
    if not _is_submitted(request, form):
        return _page(request, form, channels=channels, template=template)
    try:
        row = template_desk.edit(template, form.draft, by(request))
    except NotTaken as error:
        failure = template_words.failure(provider, error)
        return _page(
            request, form, channels=channels, template=template, failure=failure
        )
    return _submitted(request, row)


def _is_submitted(request: WorkspaceRequest, form: TemplateForm) -> bool:
    """Right, and not only to be looked at."""
    if request.method != "POST":
        return False
    is_valid = form.is_valid()
    return is_valid and "preview" not in request.POST


def _submitted(request: WorkspaceRequest, row: Template) -> HttpResponse:
    messages.success(
        request,
        gettext("Submitted. WhatsApp reviews it; the state changes here by itself."),
    )
    return redirect("whatsapp:template-detail", request.workspace.slug, row.key)


def _channels(request: WorkspaceRequest) -> list[Channel]:
    """Numbers whose provider takes templates by API, one for each account."""
    found: dict[int, Channel] = {}
    for channel in channels_selector.list_channels(request.workspace):
        if (
            channel.is_active
            and channel.integration_id is not None
            and template_desk.may_write(channel.provider)
        ):
            found.setdefault(channel.integration_id, channel)
    return list(found.values())


def _source(request: WorkspaceRequest) -> Template | None:
    try:
        key = uuid.UUID(request.GET.get("from", ""))
    except ValueError:
        return None
    return selector.find(request.workspace, key=key)


def _first_values(source: Template | None, channels: list[Channel]) -> dict[str, Any]:
    if source is None:
        return {"category": "utility", "language": "pt_BR"}
    channel = next(
        (one for one in channels if one.integration_id == source.integration_id), None
    )
    draft = template_rules.draft_of(
        source.name, source.language, source.category, source.components
    )
    if draft is None:
        return {"name": source.name, "category": source.category}
    return TemplateForm.values_of(draft, channel) | {"language": ""}


def _page(
    request: WorkspaceRequest,
    form: TemplateForm,
    *,
    channels: list[Channel],
    template: Template | None = None,
    failure: template_words.Failure | None = None,
) -> HttpResponse:
    if form.is_bound:
        form.is_valid()
    draft = form.draft
    components = template_rules.components_of(draft)
    context = {
        "form": form,
        "template": template,
        "channels": channels,
        "failure": failure,
        "preview": template_preview.of(components, _values(form, draft)),
        "is_blank": not draft.body.strip(),
        "is_part": bool(request.htmx),
        "has_new_gaps": _has_new_gaps(request, form),
    }
    part = "_template_editor_preview" if request.htmx else "template_form"
    return render(request, f"whatsapp/{part}.html", context)


def _values(form: TemplateForm, draft: template_rules.Draft) -> dict[str, str]:
    """What fills the picture: the examples."""
    told = dict(draft.samples)
    for index, button in enumerate(draft.buttons):
        told[f"button-{index}-1"] = button.sample
    return told


def _has_new_gaps(request: WorkspaceRequest, form: TemplateForm) -> bool:
    """Whether the page has fields for other gaps than the text has now."""
    shown = request.POST.get("shown_samples", "")
    return shown != ",".join(form.sample_names)
