"""The simulated phone: a customer's side of a sandbox number, for training and demos.

What it sends goes over HTTP through the webhook, as from any provider, and comes back into
this page from the database. Who writes and how the provider behaves stand in the address.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from integrations.providers.base.types import DeliveryStatus, Party
from integrations.selectors import channels
from integrations.selectors import simulated as business
from integrations.services import sandbox
from whatsapp import phones, sandbox_forms
from whatsapp.models import Conversation, TrackedLink
from whatsapp.sandbox_forms import (
    LinkForm,
    MessageForm,
    NewCustomerForm,
    PhoneForm,
    PhoneSettings,
    StatusForm,
)
from whatsapp.selectors import sandbox as customers
from whatsapp.selectors import thread
from whatsapp.selectors.sandbox import Customer
from whatsapp.selectors.thread import Entry
from whatsapp.services import links as links_service

FIRST_NUMBER = 5511987650001
SHOWN = 30  # messages on the phone
NOTHING_NEW = 204  # htmx leaves the page as it is
# Forms that are menus of a message: their fields stand nowhere else on the page.
_MENUS = {"reaction", "revoke", "status"}


@dataclass(frozen=True, slots=True)
class Phone:
    """The phone as the address describes it."""

    channel: Channel
    customer: Customer
    known: list[Customer]
    options: dict[str, Any]  # `delivery` and `late`, checked
    told: PhoneSettings  # the address as it was written

    def query(self, **more: str) -> str:
        told = {
            "number": self.customer.number,
            "name": self.customer.name,
            "delivery": self.options["delivery"],
            "late": str(self.options["late"] or ""),
        } | more
        return urlencode({name: value for name, value in told.items() if value})


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.REPLY, own_transactions="what the phone sends goes over HTTP")
def phone(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    if not settings.SANDBOX_ENABLED:
        raise Http404
    with workspace_transaction(request.workspace.pk):
        channel = channels.find_simulated(request.workspace, key=key)
        if channel is None:
            raise Http404
        simulated = _phone(request, channel)
    if request.method == "POST":
        return _act(request, simulated)
    return _show(request, simulated)


def _phone(request: WorkspaceRequest, channel: Channel) -> Phone:
    """Read the address. What makes no sense in it counts as not said, and is told."""
    told = PhoneSettings(request.GET, auto_id="settings_%s")
    told.is_valid()
    options = told.cleaned_data
    known = customers.list_customers(channel)
    number, name = options.get("number") or "", options.get("name") or ""
    same = [one for one in known if one.number == number]
    if number:
        customer = Customer(number, name or (same[0].name if same else ""))
    else:
        customer = known[0] if known else _new_customer(known)
    return Phone(
        channel=channel,
        customer=customer,
        known=known if same or not number else [customer, *known],
        options={
            "delivery": options.get("delivery") or "",
            "late": options.get("late") or 0,
        },
        told=told,
    )


def _new_customer(known: list[Customer]) -> Customer:
    taken = {one.number for one in known}
    number = next(
        at for at in range(len(taken) + 1) if str(FIRST_NUMBER + at) not in taken
    )
    name = gettext("Customer %(number)d") % {"number": number + 1}
    return Customer(str(FIRST_NUMBER + number), name)


def _show(
    request: WorkspaceRequest,
    simulated: Phone,
    *,
    failed: PhoneForm | None = None,
) -> HttpResponse:
    with workspace_transaction(request.workspace.pk):
        return _page(request, simulated, failed)


def _page(
    request: WorkspaceRequest, simulated: Phone, failed: PhoneForm | None
) -> HttpResponse:
    conversation = customers.find_conversation(
        simulated.channel, number=simulated.customer.number
    )
    context = _thread_context(request, simulated, conversation)
    if request.htmx and failed is None:
        if request.GET.get("seen") == context["stamp"]:
            return HttpResponse(status=NOTHING_NEW)
        return render(request, "whatsapp/_phone_thread.html", context)
    links = customers.list_links(simulated.channel)
    context |= {
        "conversation": conversation,
        "channel": simulated.channel,
        "is_linked": business.find_phone(simulated.channel).is_linked,
        "tabs": [
            {"customer": one, "query": _query_of(simulated, one)}
            for one in simulated.known
        ],
        "settings_form": simulated.told
        if {"delivery", "late"} & set(simulated.told.errors)
        else PhoneSettings(initial=simulated.options, auto_id="settings_%s"),
        "new_customer": _new_customer_form(simulated),
        "forms": _forms(request, links, failed=failed),
        "opened": {failed.intent: True} if failed else {},
        "has_links": bool(links),
    }
    status = 422 if failed else 200
    return render(request, "whatsapp/sandbox_phone.html", context, status=status)


def _new_customer_form(simulated: Phone) -> NewCustomerForm:
    """With what was typed, when no phone has such a number."""
    if {"number", "name"} & set(simulated.told.errors):
        return NewCustomerForm(simulated.told.data)
    fresh = _new_customer(simulated.known)
    return NewCustomerForm(
        initial={"name": fresh.name, "number": phones.display(fresh.number)}
    )


def _query_of(simulated: Phone, customer: Customer) -> str:
    return simulated.query(number=customer.number, name=customer.name)


def _thread_context(
    request: WorkspaceRequest, simulated: Phone, conversation: Conversation | None
) -> dict[str, Any]:
    rows: tuple[Entry, ...] = ()
    if conversation is not None:
        rows = thread.list_messages(conversation, size=SHOWN).rows
    address = reverse(
        "whatsapp:sandbox-phone",
        kwargs={
            "workspace_slug": request.workspace.slug,
            "key": simulated.channel.key,
        },
    )
    asked = request.POST.get("target") or request.GET.get("reply", "")
    reply = asked[: sandbox_forms.LONGEST_ID]
    stamp = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    query = simulated.query()
    return {
        "rows": rows,
        "stamp": stamp,
        "customer": simulated.customer,
        "options": simulated.options,
        "address": address,
        "action": f"{address}?{query}",
        "poll": f"{address}?{query}&seen={stamp}",
        "reply_to": next(
            (one for one in rows if reply and one.external_id == reply), None
        ),
        "emoji": sandbox_forms.EMOJI,
        "words": (
            DeliveryStatus.DELIVERED.value,
            DeliveryStatus.READ.value,
            DeliveryStatus.FAILED.value,
        ),
        "draft": uuid.uuid4(),
    }


def _forms(
    request: WorkspaceRequest, links: list[TrackedLink], *, failed: PhoneForm | None
) -> dict[str, PhoneForm]:
    text = {
        "text": request.GET.get("text", "")[: sandbox_forms.LONGEST_TEXT],
        "target": request.GET.get("reply", "")[: sandbox_forms.LONGEST_ID],
    }
    forms: dict[str, PhoneForm] = {
        kind.intent: kind(initial=text) if kind.intent == "text" else kind()
        for kind in sandbox_forms.PLAIN_FORMS
    }
    forms["link"] = LinkForm(links=_choices(links))
    if failed is not None:
        forms[failed.intent] = failed
    return forms


def _choices(links: list[TrackedLink]) -> list[tuple[str, str]]:
    return [(str(link.key), f"/r/{link.slug}") for link in links]


def _act(request: WorkspaceRequest, simulated: Phone) -> HttpResponse:
    """Do what one of the page's forms asks, then show the page again."""
    intent = request.POST.get("intent", "")
    if intent == LinkForm.intent:
        with workspace_transaction(request.workspace.pk):
            return _open_link(request, simulated)
    kinds = {kind.intent: kind for kind in sandbox_forms.PLAIN_FORMS}
    if intent not in kinds:
        messages.error(request, gettext("Choose what the phone should do."))
        return _back(request, simulated, has_notice=True)
    form = kinds[intent](request.POST.dict())
    if not form.is_valid():
        _tell_unseen(request, form)
        return _show(request, simulated, failed=form)
    event = _event(form, simulated, now=timezone.now())
    try:
        has_notice = _post(request, simulated, event)
    except sandbox.NotDelivered:
        return _show(request, simulated, failed=form)  # what was typed stays
    return _back(request, simulated, has_notice=has_notice)


def _tell_unseen(request: WorkspaceRequest, form: PhoneForm) -> None:
    """What is wrong where no field shows it; a lost draft number gets another one."""
    visible = {one.name for one in form.visible_fields()}
    shown = set() if form.intent in _MENUS else visible
    if set(form.errors) - shown:
        messages.error(request, gettext("That could not be done. Try it once more."))
    if "draft" in form.errors:
        form.data = {**form.data, "draft": str(uuid.uuid4())}


def _event(
    form: MessageForm | StatusForm, simulated: Phone, *, now: datetime
) -> Mapping[str, Any]:
    if isinstance(form, StatusForm):
        word = DeliveryStatus(form.cleaned_data["word"])
        has_failed = word is DeliveryStatus.FAILED
        return sandbox.status(
            form.cleaned_data["target"],
            word,
            at=now,
            error_code="131026" if has_failed else None,
            error_text="Message undeliverable" if has_failed else None,
        )
    customer = simulated.customer
    return sandbox.message(
        form.message_id,
        sender=Party(wa_id=customer.number, name=customer.name or None),
        at=now - timedelta(seconds=simulated.options["late"]),
        **form.message(),
    )


def _post(
    request: WorkspaceRequest, simulated: Phone, event: Mapping[str, Any]
) -> bool:
    """Deliver as the provider of today does, and say whether there is something to read.

    A webhook that refuses is told, and raised.
    """
    delivery = simulated.options["delivery"]
    is_forged = delivery == "forged"
    times = 2 if delivery == "twice" else 1
    try:
        sandbox.post(simulated.channel, [event], times=times, is_forged=is_forged)
    except sandbox.NotDelivered as refused:
        _tell_refusal(request, refused.code, is_forged=is_forged)
        raise
    if times > 1:
        text = gettext("Delivered twice; the message is kept once.")
        messages.info(request, text)
    return times > 1


def _tell_refusal(request: WorkspaceRequest, code: str, *, is_forged: bool) -> None:
    if is_forged and code == "401":
        messages.warning(
            request,
            gettext(
                "Refused, as it should be: the signature was wrong, so nothing was stored."
            ),
        )
        return
    texts = {
        sandbox.NOT_LINKED: gettext(
            "Not passed on: Recado is not linked to the phone of the business."
        ),
        sandbox.OFFLINE: gettext(
            "Not passed on: the phone of the business has no internet."
        ),
    }
    other = gettext("The webhook did not take the message (%(code)s).")
    messages.error(request, texts.get(code, other % {"code": code}))


def _open_link(request: WorkspaceRequest, simulated: Phone) -> HttpResponse:
    """Click as a visitor would, and write into the composer what WhatsApp would."""
    links = customers.list_links(simulated.channel)
    form = LinkForm(request.POST.dict(), links=_choices(links))
    if not form.is_valid():
        _tell_unseen(request, form)
        return _show(request, simulated, failed=form)
    [link] = [one for one in links if str(one.key) == form.cleaned_data["link"]]
    token = links_service.record_click(
        link,
        query={},
        referrer="",
        user_agent=request.headers.get("User-Agent", ""),
        ip=client_ip(request),
        now=timezone.now(),
    )
    left = sandbox_forms.damage(token, form.cleaned_data["token"])
    written = links_service.whatsapp_url(link, token=left)
    [text] = parse_qs(urlsplit(written).query).get("text", [""])
    messages.info(
        request, gettext("The click was counted. Now send what WhatsApp has written.")
    )
    return _back(request, simulated, has_notice=True, text=text)


def _back(
    request: WorkspaceRequest,
    simulated: Phone,
    *,
    has_notice: bool = False,
    **more: str,
) -> HttpResponse:
    address = reverse(
        "whatsapp:sandbox-phone",
        kwargs={
            "workspace_slug": request.workspace.slug,
            "key": simulated.channel.key,
        },
    )
    # With a notice to read, the top of the page stays in sight.
    place = "" if has_notice else "#phone"
    return HttpResponseRedirect(f"{address}?{simulated.query(**more)}{place}")
