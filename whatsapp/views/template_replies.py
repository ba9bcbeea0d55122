"""Sending a template into a conversation: choose one, fill it in, see it, send it."""

import re
import uuid
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from whatsapp import phones, send_reasons, template_preview, template_words
from whatsapp.forms.template_fill import TemplateFillForm
from whatsapp.models import Conversation, Template
from whatsapp.selectors import leads, templates, thread
from whatsapp.selectors.people import Person
from whatsapp.services import replies, template_sync
from whatsapp.services.replies import ReplyRefused
from whatsapp.template_preview import Preview
from whatsapp.views import conversations
from whatsapp.views.templates import RowView

UNPROCESSABLE: Final = 422
# A gap that is named so, or stands right after a greeting, holds the person's name.
_NAMED: Final = re.compile(r"(first_?)?name|(primeiro_?)?nome|cliente|customer")
_GREETED: Final = re.compile(
    r"\b(ol[áa]|oi+|bom dia|boa tarde|boa noite|prezad[oa]|car[oa]|hello|hi|hey|dear)[ ,]*$",
    re.IGNORECASE,
)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Action.REPLY)
def conversation_template(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """`?template=<key>` is the one to fill in; without it they are listed."""
    conversation = thread.find_conversation(request.workspace, key=key)
    if conversation is None:
        raise Http404
    template = _chosen(request, conversation)
    if template is None:
        return _choose(request, conversation, is_lost="template" in request.GET)
    person = leads.person_of(
        conversation.lead, leads.list_identities(conversation.lead)
    )
    defaults = _defaults(template, person)
    form = TemplateFillForm(request.POST or None, template=template, defaults=defaults)
    if request.method != "POST" or "preview" in request.POST:
        return _fill(request, conversation, form, person)
    if form.has_changed_contract:
        refusal = gettext(
            "The template was changed while you filled it in. Nothing was sent: look at it again."
        )
        return _fill(request, conversation, _renewed(form), person, refusal)
    if not form.is_valid():
        return _fill(request, conversation, form, person)
    preview = template_preview.of(template.components, form.values)
    try:
        _send(request, conversation, form, preview)
    except ReplyRefused as refused:
        told = send_reasons.refusal(
            conversation.channel.provider,
            refused.reason,
            code=refused.code,
            most=refused.most,
        )
        refusal = send_reasons.in_full(told)
        return _fill(request, conversation, form, person, refusal)
    path = conversations.path_of(request, conversation)
    return HttpResponseRedirect(f"{path}#latest")


def _send(
    request: WorkspaceRequest,
    conversation: Conversation,
    form: TemplateFillForm,
    preview: Preview,
) -> None:
    replies.reply(
        conversation,
        [form.content],
        draft_key=form.cleaned_data["draft"],
        actor=request.user,
        now=timezone.now(),
        text=preview.body_text,
        shown=preview.shown,
        ip=client_ip(request),
    )


def _chosen(request: WorkspaceRequest, conversation: Conversation) -> Template | None:
    try:
        key = uuid.UUID(request.GET.get("template", ""))
    except ValueError:
        return None
    return templates.find_usable(conversation.channel, key=key)


def _choose(
    request: WorkspaceRequest, conversation: Conversation, *, is_lost: bool
) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    channel = conversation.channel
    found = templates.list_usable(channel, text=text)
    context = {
        **_place(request, conversation),
        "text": text,
        "is_lost": is_lost,
        "rows": [RowView.of(row) for row in found],
        "has_templates": template_sync.has_templates(channel.provider),
    }
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(
        request, "whatsapp/conversation_template.html", context, status=status
    )


def _fill(
    request: WorkspaceRequest,
    conversation: Conversation,
    form: TemplateFillForm,
    person: Person,
    refusal: str = "",
) -> HttpResponse:
    is_refused = bool(refusal) or (
        "preview" not in request.POST and form.is_bound and bool(form.errors)
    )
    context = {
        **_place(request, conversation),
        "form": form,
        "template": form.template,
        "template_language": template_words.language(form.template.language),
        "template_category": template_words.category(form.template.category),
        "preview": template_preview.of(form.template.components, form.values),
        "refusal": refusal,
        "is_looked_at": "preview" in request.POST,
        "suggestions": _suggestions(request, person),
    }
    return render(
        request,
        "whatsapp/conversation_template_fill.html",
        context,
        status=UNPROCESSABLE if is_refused else 200,
    )


def _renewed(form: TemplateFillForm) -> TemplateFillForm:
    """The form for the template as it is now, with what was typed where it still fits."""
    typed = {name: form[name].value() or "" for name in form.fill_names}
    return TemplateFillForm(template=form.template, defaults=typed)


def _place(request: WorkspaceRequest, conversation: Conversation) -> dict[str, Any]:
    identities = leads.list_identities(conversation.lead)
    return {
        "conversation": conversation,
        "person": leads.person_of(conversation.lead, identities),
        "back_url": conversations.path_of(request, conversation),
    }


# --- what is filled in beforehand ---------------------------------------------------
def _defaults(template: Template, person: Person) -> dict[str, str]:
    """The person's name, where a gap asks for it."""
    first = person.name.split()[0] if person.name.split() else ""
    if not first:
        return {}
    greeted = _greeted(template.components)
    return {
        template_preview.field_of(gap): first
        for gap in template.parameters
        if gap.get("kind", "text") == "text" and gap.get("part") != "button"
        if _NAMED.fullmatch(str(gap.get("name", "")))
        or template_preview.field_of(gap) in greeted
    }


def _greeted(components: Sequence[Mapping[str, Any]]) -> set[str]:
    """Fields that stand right after a greeting."""
    shown = template_preview.of(components, {})
    found: set[str] = set()
    for part in (shown.header, shown.body):
        for before, piece in pairwise(part):
            if piece.gap and _GREETED.search(before.text):
                found.add(piece.gap)
    return found


def _suggestions(request: WorkspaceRequest, person: Person) -> list[str]:
    """What is often wanted, offered while somebody types."""
    today = timezone.localdate()
    told = [
        person.name.split()[0] if person.name.split() else "",
        person.name,
        phones.display(person.phone) if person.phone else "",
        date_format(today, "SHORT_DATE_FORMAT"),
        request.user.name,
        request.workspace.name,
    ]
    return [one for one in dict.fromkeys(told) if one]
