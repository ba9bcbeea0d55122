"""`/api/leads` and `/api/conversations`: what a CRM reads of this room."""

import uuid

from django.http import HttpResponse
from django.utils import timezone

from accounts.api import answers, listing
from accounts.api.guards import ApiWorkspaceRequest, operation
from accounts.paging import Page
from whatsapp import api_operations as operations
from whatsapp import api_told, phones
from whatsapp.models import Lead
from whatsapp.selectors import exchange, leads, profile
from whatsapp.selectors.exchange import ConversationFilter
from whatsapp.selectors.lead_filters import LeadFilter
from whatsapp.views.api_values import channel_of, phone_of


@operation(operations.LIST_LEADS)
def list_leads(request: ApiWorkspaceRequest) -> HttpResponse:
    asked = request.asked
    number = phone_of(request)
    page = leads.list_leads(
        request.workspace,
        filters=LeadFilter(
            text=asked.get("q", ""),
            match_key=phones.match_key_for_phone(number) if number else "",
            stage=asked.get("stage", ""),
            since=asked.get("created_since"),
            before=asked.get("created_before"),
        ),
        before=listing.position_of(request),
        size=listing.size_of(request),
    )
    return listing.answer(request, page, api_told.lead)


@operation(operations.GET_LEAD)
def lead(request: ApiWorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    rows = Lead.objects.for_workspace(request.workspace).select_related("merged_into")
    found = rows.filter(key=key).first()
    if found is None:
        raise answers.not_found()
    [row] = leads.find_rows(request.workspace, ids=[found.pk]).values()
    verdict = leads.find_verdicts(request.workspace, ids=[found.pk]).get(found.pk)
    told = profile.profile_of(found)
    whatsapp = api_told.profile(told, now=timezone.now())
    into = found.merged_into
    return answers.answer(
        api_told.lead(row)
        | {
            "attribution": api_told.attribution(verdict),
            "merged_into": str(into.key) if into else None,
            "identities": api_told.identities(told),
            "whatsapp": whatsapp,
        }
    )


@operation(operations.LIST_CONVERSATIONS)
def list_conversations(request: ApiWorkspaceRequest) -> HttpResponse:
    asked, now = request.asked, timezone.now()
    whose = asked.get("lead")
    about = leads.find_editable(request.workspace, key=whose) if whose else None
    filters = ConversationFilter(
        state=asked.get("state", ""),
        channel=channel_of(request),
        lead=about,
        phone=phone_of(request),
        active_since=asked.get("active_since"),
    )
    position, size = listing.position_of(request), listing.size_of(request)
    if whose and about is None:
        nobodys: Page[exchange.ConversationView] = Page((), None)
        page = nobodys
    else:
        page = exchange.list_conversations(
            request.workspace, filters=filters, before=position, size=size
        )
    return listing.answer(
        request, page, lambda one: api_told.conversation(one, now=now)
    )


@operation(operations.GET_CONVERSATION)
def conversation(request: ApiWorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    found = exchange.find_conversation(request.workspace, key=key)
    if found is None:
        raise answers.not_found()
    return answers.answer(api_told.conversation(found, now=timezone.now()))


@operation(operations.LIST_CONVERSATION_MESSAGES)
def conversation_messages(request: ApiWorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    found = exchange.find_conversation(request.workspace, key=key)
    if found is None:
        raise answers.not_found()
    page = exchange.list_messages(
        found.conversation,
        before=listing.position_of(request),
        size=listing.size_of(request),
    )
    return listing.answer(request, page, api_told.message)
