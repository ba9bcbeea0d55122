"""`/api/clients`: other systems read them, add them and keep them up to date."""

from typing import Any, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.api import answers, bearers, fields, listing, repeats
from accounts.api.answers import Problem, unprocessable
from accounts.api.guards import ApiWorkspaceRequest, operation, resource
from accounts.api.repeats import Done
from accounts.http import client_ip
from tickets import api_operations as operations
from tickets import api_told
from tickets.models import Client
from tickets.selectors import clients as selector
from tickets.selectors import exchange
from tickets.selectors.exchange import ClientFilter
from tickets.services import clients
from tickets.services.clients import Facts
from whatsapp import api_told as whatsapp_told
from whatsapp.selectors import own_numbers, profile
from whatsapp.views.api_values import phone_of


@operation(operations.LIST_CLIENTS)
def list_clients(request: ApiWorkspaceRequest) -> HttpResponse:
    asked = request.asked
    page = exchange.list_clients(
        request.workspace,
        filters=ClientFilter(
            text=asked.get("q", ""),
            phone=phone_of(request),
            updated_since=asked.get("updated_since"),
        ),
        before=listing.position_of(request),
        size=listing.size_of(request),
    )
    return listing.answer(
        request, page, lambda row: api_told.client(row, of=request.workspace)
    )


@operation(operations.GET_CLIENT)
def get_client(request: ApiWorkspaceRequest, oauth_id: str) -> HttpResponse:
    client = find(request, oauth_id)
    lead = selector.lead_of(client)
    told = api_told.client(client, of=request.workspace)
    whatsapp = None
    if lead is not None:
        found = profile.profile_of(lead)
        whatsapp = whatsapp_told.profile(found, now=timezone.now())
    return answers.answer(told | {"whatsapp": whatsapp})


@operation(operations.POST_CLIENT)
def add_client(request: ApiWorkspaceRequest) -> HttpResponse:
    return repeats.once(
        request,
        lambda: _upserted(request, request.told["oauth_id"], facts_of(request)),
        now=timezone.now(),
    )


@operation(operations.PUT_CLIENT)
def put_client(request: ApiWorkspaceRequest, oauth_id: str) -> HttpResponse:
    _require_nameable(oauth_id)
    empty = Facts(phone="", email="", language="")
    whole = Facts(**{**empty, **facts_of(request)})
    known = exchange.find_client(request.workspace, oauth_id)
    if known is not None:
        return answers.answer(_changed(request, known, whole))
    return _upserted(request, oauth_id, whole).as_response()


@operation(operations.PATCH_CLIENT)
def change_client(request: ApiWorkspaceRequest, oauth_id: str) -> HttpResponse:
    client = find(request, oauth_id)
    return answers.answer(_changed(request, client, facts_of(request)))


list_or_add = resource(list_clients, add_client)
one_client = resource(get_client, put_client, change_client)


def find(request: ApiWorkspaceRequest, oauth_id: str) -> Client:
    """Raises the 404 that says whom nobody knows."""
    is_nameable = fields.is_storable(oauth_id) and len(oauth_id) <= 255
    client = exchange.find_client(request.workspace, oauth_id) if is_nameable else None
    if client is None:
        raise Problem(
            404,
            "unknown_client",
            "No client has this oauth_id.",
            named={"oauth_id": oauth_id[:255]},
        )
    return client


def facts_of(request: ApiWorkspaceRequest) -> Facts:
    """As the service takes them; null empties."""
    told = request.told
    facts = {name: value or "" for name, value in told.items() if name != "oauth_id"}
    if "oauth_id" in told:
        facts["oauth_id"] = told["oauth_id"]
    if facts.get("phone"):
        number = own_numbers.read_phone(request.workspace, facts["phone"])
        if number is None:
            raise unprocessable(
                "phone",
                "not_a_phone_number",
                "A phone number is expected, best with its country code.",
            )
        facts["phone"] = number
    return cast("Facts", facts)


def _require_nameable(oauth_id: str) -> None:
    if not fields.is_storable(oauth_id) or len(oauth_id) > 255 or not oauth_id.strip():
        raise unprocessable(
            "oauth_id", "invalid", "Up to 255 characters that can be kept are expected."
        )


def _upserted(request: ApiWorkspaceRequest, oauth_id: str, facts: Facts) -> Done:
    client, is_new = clients.upsert(
        request.workspace,
        oauth_id,
        facts,
        actor=bearers.user_of(request.bearer),
        label=bearers.label_of(request.bearer),
        ip=client_ip(request),
        now=timezone.now(),
    )
    body = api_told.client(_read(request, client), of=request.workspace)
    if not is_new:
        return Done(200, body)
    address = reverse("tickets-api:client", kwargs={"oauth_id": oauth_id})
    return Done(201, body, address)


def _changed(
    request: ApiWorkspaceRequest, client: Client, facts: Facts
) -> dict[str, Any]:
    try:
        clients.edit(
            client,
            facts,
            actor=bearers.user_of(request.bearer),
            label=bearers.label_of(request.bearer),
            ip=client_ip(request),
            now=timezone.now(),
        )
    except clients.Known:
        raise Problem(
            409,
            "oauth_id_taken",
            "Another client has this oauth_id.",
            field="oauth_id",
        ) from None
    return api_told.client(_read(request, client), of=request.workspace)


def _read(request: ApiWorkspaceRequest, client: Client) -> Client:
    """As it is now."""
    rows = Client.objects.for_workspace(request.workspace)
    found: Client = rows.select_related("lead__merged_into").get(pk=client.pk)
    return found
