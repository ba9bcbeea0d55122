"""Tracked links as their members see them: the builder, one link, its codes."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from integrations import qr as qr_image
from integrations.models import Channel
from integrations.selectors import channels as channels_selector
from whatsapp.forms.links import LinkForm
from whatsapp.models import TrackedLink
from whatsapp.selectors import funnel, link_tests, periods
from whatsapp.selectors import links as links_selector
from whatsapp.services import links
from whatsapp.views import link_checks
from whatsapp.views.link_figures import find, period_of

# Shown in previews where each click has a fresh one.
SAMPLE_TOKEN = "7GK2M9XQ4C"  # noqa: S105  # no secret: a picture of a token


@dataclass(frozen=True, slots=True)
class Preview:
    """What a visitor meets: the address, where it leads, and the text that waits there."""

    url: str
    target: str
    text: str
    channel: Channel

    @classmethod
    def of(cls, link: TrackedLink) -> "Preview":
        return cls(
            url=links.public_url(link),
            target=links.whatsapp_url(link, token=SAMPLE_TOKEN),
            text=links.first_message(link, token=SAMPLE_TOKEN),
            channel=link.channel,
        )


@require_safe
@requires(Action.READ)
def link_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    link = find(request, key)
    now = timezone.now()
    period = period_of(request, now=now)
    utm = [(name, value) for name in links.UTM_FIELDS if (value := getattr(link, name))]
    context = {
        "link": link,
        "utm": utm,
        "retired": [
            (links.slug_url(one.slug), one.retired_at)
            for one in links_selector.list_retired(link)
        ],
        "preview": Preview.of(link),
        "funnel": funnel.read(link, period=period, workspace=request.workspace),
        "period": period,
        "presets": periods.PRESETS,
        "usual_period": periods.USUAL,
        "ignored": period.ignored,
        "tests": link_tests.states_of(links_selector.list_tests(link), now=now),
    } | link_checks.context_of(link, now=now)
    return render(request, "whatsapp/link_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.EDIT_LINKS)
def link_new(request: WorkspaceRequest) -> HttpResponse:
    choices = _live_channels(request)
    if request.method != "POST":
        return _builder(request, LinkForm(channels=choices), link=None)
    form = LinkForm(request.POST, channels=choices)
    is_valid = form.is_valid()
    if "preview" in request.POST or not is_valid:
        return _builder(request, form, link=None)
    values = form.cleaned_data
    try:
        link = links.add_tracked_link(
            workspace=request.workspace,
            channel=values["channel"],
            slug=values["slug"],
            prefilled_text=values["prefilled_text"],
            landing_url=values["landing_url"],
            utm=form.utm,
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
    except links.LinkInvalid as error:
        # The second of two submits of one form finds the link that the first has made.
        twin = _find_twin(request, form)
        if twin is None:
            form.refuse(error.problems)
            return _builder(request, form, link=None)
        link = twin
    else:
        messages.success(request, gettext("The link is ready."))
    return redirect("whatsapp:link-detail", request.workspace.slug, link.key)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.EDIT_LINKS)
def link_edit(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    link = find(request, key)
    choices = _live_channels(request, beside=link.channel)
    if request.method != "POST":
        form = LinkForm(initial=LinkForm.values_of(link), channels=choices)
        return _builder(request, form, link=link)
    form = LinkForm(request.POST, channels=choices)
    is_valid = form.is_valid()
    if "preview" in request.POST or not is_valid:
        return _builder(request, form, link=link)
    try:
        links.change_tracked_link(
            link,
            channel=form.cleaned_data["channel"],
            slug=form.cleaned_data["slug"],
            prefilled_text=form.cleaned_data["prefilled_text"],
            landing_url=form.cleaned_data["landing_url"],
            utm=form.utm,
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
    except links.LinkInvalid as error:
        form.refuse(error.problems)
        return _builder(request, form, link=link)
    messages.success(request, gettext("The link was changed."))
    return redirect("whatsapp:link-detail", request.workspace.slug, link.key)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.EDIT_LINKS)
def link_state(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Ask, and on POST pause or resume: to what the form said, so that twice is once."""
    link = find(request, key)
    if request.method != "POST":
        return render(request, "whatsapp/link_state.html", {"link": link})
    is_paused = request.POST.get("state") == "paused"
    if not is_paused and request.POST.get("state") != "active":
        return render(request, "whatsapp/link_state.html", {"link": link}, status=400)
    has_changed = links.set_paused(
        link,
        is_paused=is_paused,
        actor=request.user,
        ip=client_ip(request),
        now=timezone.now(),
    )
    if has_changed and is_paused:
        messages.success(request, gettext("The link is paused."))
    elif has_changed:
        messages.success(request, gettext("The link works again."))
    return redirect("whatsapp:link-detail", request.workspace.slug, link.key)


@require_safe
@requires(Action.READ)
def qr(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """The link's address as a QR code, dark on its own white ground in either theme."""
    link = find(request, key)
    return _image(link, qr_image.svg(links.public_url(link)), "image/svg+xml", "svg")


@require_safe
@requires(Action.READ)
def qr_png(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    link = find(request, key)
    return _image(link, qr_image.png(links.public_url(link)), "image/png", "png")


def _image(link: TrackedLink, body: bytes, kind: str, ending: str) -> HttpResponse:
    name = f'inline; filename="{link.slug}.{ending}"'
    return HttpResponse(body, content_type=kind, headers={"Content-Disposition": name})


def _live_channels(
    request: WorkspaceRequest, *, beside: Channel | None = None
) -> list[Channel]:
    """Numbers a link may lead to; a link that exists may stay where it is."""
    return [
        channel
        for channel in channels_selector.list_channels(request.workspace)
        if channel.is_active or channel == beside
    ]


def _find_twin(request: WorkspaceRequest, form: LinkForm) -> TrackedLink | None:
    """A link of this workspace that is in every field what the form asks for."""
    wanted = form.cleaned_data | {"channel": str(form.cleaned_data["channel"].key)}
    link = links_selector.find_by_slug(request.workspace, wanted["slug"])
    return link if link and LinkForm.values_of(link) == wanted else None


def _builder(
    request: WorkspaceRequest, form: LinkForm, *, link: TrackedLink | None
) -> HttpResponse:
    draft = form.as_link() if form.is_bound else link or form.as_link()
    context = {
        "form": form,
        "link": link,
        "preview": Preview.of(draft) if draft else None,
        "public_url": settings.PUBLIC_URL,
    }
    template = "_link_preview.html" if request.htmx else "link_form.html"
    return render(request, f"whatsapp/{template}", context)
