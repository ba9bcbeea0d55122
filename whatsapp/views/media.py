"""Files of messages: shown, saved, and asked for once more."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from accounts.http import WorkspaceRequest, came_from, requires
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from whatsapp import file_links, file_types
from whatsapp.file_names import safe_name
from whatsapp.models import MediaAsset, MediaState
from whatsapp.selectors import media
from whatsapp.services import media_results, previews
from whatsapp.views import stored_files
from whatsapp.views.stored_files import StoredFile

_SENT_SLOWLY = "a file is sent as fast as it is taken"


@require_safe
@requires(Action.READ, own_transactions=_SENT_SLOWLY)
def media_file(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """The file as it came; what browsers only play is shown, everything else is saved."""
    asset = _stored(request, key)
    is_played = asset.mime_sniffed in file_types.PLAYED
    mime = asset.mime_sniffed if is_played else file_types.served(asset.mime_sniffed)
    return stored_files.answer(
        request,
        StoredFile(
            key=asset.storage_key,
            mime=mime,
            name=_name_of(asset, asset.mime_sniffed),
            mark=asset.sha256,
            is_shown=is_played,
        ),
    )


@require_safe
@requires(Action.READ, own_transactions=_SENT_SLOWLY)
def media_preview(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """The picture that we made of it."""
    asset = _stored(request, key)
    if not asset.preview_key:
        raise Http404
    return stored_files.answer(
        request,
        StoredFile(
            key=asset.preview_key,
            mime=previews.TYPE,
            name=_name_of(asset, previews.TYPE),
            mark=f"{asset.sha256}-preview",
            is_shown=True,
        ),
    )


@require_POST
@requires(Action.REPLY)
def media_again(request: WorkspaceRequest) -> HttpResponse:
    """Try once more to fetch a file that was given up."""
    try:
        key = uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        raise Http404 from None
    asset = media.find_asset(request.workspace, key=key)
    if asset is None:
        raise Http404
    if media_results.ask_again(asset, now=timezone.now()):
        messages.info(request, gettext("Recado asks the provider for the file again."))
    conversation = asset.message.conversation
    if conversation is None:
        address = reverse(
            "whatsapp:conversation-list",
            kwargs={"workspace_slug": request.workspace.slug},
        )
        return HttpResponseRedirect(address)
    address = came_from(request) or reverse(
        "whatsapp:conversation-detail",
        kwargs={"workspace_slug": request.workspace.slug, "key": conversation.key},
    )
    return HttpResponseRedirect(f"{address}#message-{asset.message_id}")


@login_not_required
@require_safe
def file_linked(request: HttpRequest, token: str) -> HttpResponse:
    """The one file that a signed link is about, for a provider; see file_links."""
    try:
        linked = file_links.read(token)
    except file_links.LinkInvalid:
        raise Http404 from None
    return stored_files.answer(
        request,
        StoredFile(
            key=linked.storage_key,
            mime=linked.mime,
            name=safe_name(linked.name, mime=linked.mime, fallback="file"),
            mark=linked.storage_key,
        ),
    )


def _stored(request: WorkspaceRequest, key: uuid.UUID) -> MediaAsset:
    with workspace_transaction(request.workspace.pk):
        asset = media.find_asset(request.workspace, key=key)
    if asset is None or asset.state != MediaState.STORED:
        raise Http404
    return asset


def _name_of(asset: MediaAsset, mime: str) -> str:
    """By what it was called; what was not is told apart by when it came."""
    moment = timezone.localtime(asset.message.provider_at)
    fallback = f"WhatsApp {moment:%Y-%m-%d %H.%M.%S}"
    told = asset.filename
    if mime == previews.TYPE and mime != asset.mime_sniffed:
        told = told.rpartition(".")[0]
    return safe_name(told, mime=mime, fallback=fallback)
