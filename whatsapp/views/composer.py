"""What the form under a thread shows: what was typed, what is wrong with it, and the window."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts.http import WorkspaceRequest
from accounts.keys import new_key
from accounts.permissions import Action, may
from integrations import gateway, sendable
from integrations.models import ChannelState
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.types import MessageKind
from whatsapp import media_words, send_reasons
from whatsapp.models import Conversation
from whatsapp.selectors import canned, targets
from whatsapp.selectors.targets import Target
from whatsapp.services import attachments, replies
from whatsapp.services.attachments import Unfit
from whatsapp.services.outbox_checks import Refusal
from whatsapp.services.replies import ReplyRefused
from whatsapp.windows import Window, window_of

# The ones people use; taking back is a button of its own.
REACTIONS = ("👍", "❤️", "😂", "😮", "😢", "🙏")
FILES = "files"  # the name of the field
# What a member picks in the thread; the rest of a query is the list beside it.
PICKS = ("reply", "react", "edit", "canned")
_NOT_LIST = frozenset({*PICKS, "earlier", "live"})
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class BubbleActs:
    """What a member may do with a bubble; None stands for a reader."""

    can_quote: bool
    can_react: bool
    number_url: str
    template_url: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing was sent. `action` is what the page offers: see send_reasons."""

    field: str
    sentence: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class FileField:
    """What the field for files takes: `limits` is JSON for attachments.js, by kind."""

    limits: str
    most_files: int = attachments.MOST_FILES


@dataclass(slots=True)
class Composer:
    """`barrier` is a reason against any answer at all, known before one is written.

    `window` is None where the provider has none; `is_template_only` is a closed one.
    `quoted` is answered to, `reacted` is what the form reacts to instead of writing.
    """

    draft_key: uuid.UUID
    query: str  # of the list beside
    text: str = ""
    most: int | None = None
    window: Window | None = None
    is_template_only: bool = False
    has_templates: bool = False
    barrier: Problem | None = None
    problem: Problem | None = None
    quoted: Target | None = None
    reacted: Target | None = None
    reactions: tuple[str, ...] = REACTIONS
    files: FileField | None = None
    file_problems: tuple[str, ...] = ()

    @property
    def seconds_left(self) -> int:
        """Of the window; 0 when it is closed."""
        left = self.window.left if self.window else timedelta()
        return int(left.total_seconds())


def composer_of(
    request: WorkspaceRequest,
    conversation: Conversation,
    *,
    text: str = "",
    quoted: int | None = None,
    refused: ReplyRefused | Unfit | None = None,
) -> Composer:
    """The form as it stands now. `refused`, `text` and `quoted` are what was just tried."""
    channel = conversation.channel
    capabilities = gateway.capabilities_of(channel.provider)
    window = window_for(conversation, now=timezone.now())
    limits = sendable.limits_of(channel.provider, MessageKind.TEXT)
    made = Composer(
        draft_key=new_key(),
        query=list_query(request),
        text=text,
        most=limits.text if limits else None,
        window=window,
        is_template_only=window is not None and window.state == "closed",
        has_templates=Capability.TEMPLATES in capabilities,
        barrier=_barrier(conversation),
        problem=_problem(channel.provider, refused),
        files=_file_field(channel.provider),
    )
    if isinstance(refused, Unfit):
        made.file_problems = tuple(
            media_words.attachment_sentence(channel.provider, one)
            for one in refused.problems
        )
    if refused is None:
        _pick(request, conversation, made)
    elif quoted is not None:
        made.quoted = targets.find_quoted(conversation, quoted)
    return made


def window_for(conversation: Conversation, *, now: datetime) -> Window | None:
    """The window in which anything may be written; None where the provider has none.

    Of a conversation as `thread.find_conversation` reads it.
    """
    provider = conversation.channel.provider
    if Capability.SERVICE_WINDOW not in gateway.capabilities_of(provider):
        return None
    heard_at: datetime | None = conversation.heard_at  # type: ignore[attr-defined]  # read along with it
    return window_of(heard_at, now=now)


def acts_of(request: WorkspaceRequest, conversation: Conversation) -> BubbleActs | None:
    if not may(request.membership.role, Action.REPLY):
        return None
    channel = conversation.channel
    window = window_for(conversation, now=timezone.now())
    is_open = window is None or window.state != "closed"
    is_up = is_open and _barrier(conversation) is None
    has_templates = Capability.TEMPLATES in gateway.capabilities_of(channel.provider)
    return BubbleActs(
        can_quote=is_up,
        can_react=is_up and sendable.can_react(channel.provider),
        number_url=reverse(
            "integrations:channel-detail",
            kwargs={"workspace_slug": request.workspace.slug, "key": channel.key},
        ),
        template_url=template_url(request, conversation) if has_templates else "",
    )


def template_url(request: WorkspaceRequest, conversation: Conversation) -> str:
    try:
        return reverse(
            "whatsapp:conversation-template",
            kwargs={
                "workspace_slug": request.workspace.slug,
                "key": conversation.key,
            },
        )
    except NoReverseMatch:
        return ""


def _problem(provider: str, refused: ReplyRefused | Unfit | None) -> Problem | None:
    if refused is None:
        return None
    if isinstance(refused, Unfit):
        return Problem("file", gettext("Nothing was sent: look at the files."))
    return problem_of(provider, refused)


def _file_field(provider: str) -> FileField | None:
    """None where the provider takes no files at all."""
    limits = {
        kind.value: {"size": found.size, "types": sorted(found.mime_types)}
        for kind in attachments.KINDS
        if (found := sendable.limits_of(provider, kind)) is not None
    }
    return FileField(json.dumps(limits)) if limits else None


def problem_of(provider: str, refused: ReplyRefused) -> Problem:
    told = send_reasons.refusal(
        provider, refused.reason, code=refused.code, most=refused.most
    )
    return Problem(refused.field, send_reasons.in_full(told), send_reasons.way_on(told))


def list_query(request: HttpRequest) -> str:
    """What the address asks of the list beside the thread, without what was picked in it."""
    query = request.GET.copy()
    for name in _NOT_LIST:
        query.pop(name, None)
    return query.urlencode()


def context_of(
    request: WorkspaceRequest, conversation: Conversation, made: Composer
) -> dict[str, Any]:
    """What `_composer.html` reads."""
    acts = acts_of(request, conversation)
    return {
        "composer": made,
        "bubble_acts": acts,
        "template_url": template_url(request, conversation),
        "list_query": made.query,
        "list_fields": parse_qsl(made.query),
    }


def number(told: str) -> int | None:
    is_number = told.isascii() and told.isdecimal() and len(told) <= _MOST_DIGITS
    return int(told) if is_number else None


def _pick(
    request: WorkspaceRequest, conversation: Conversation, made: Composer
) -> None:
    """Take in what the address says was picked; what is not there is passed over."""
    picked = {name: number(request.GET.get(name, "")) for name in PICKS}
    if picked["reply"] is not None:
        made.quoted = targets.find_quoted(conversation, picked["reply"])
    elif picked["react"] is not None:
        made.reacted = targets.find_reacted(conversation, picked["react"])
    elif picked["edit"] is not None:
        failed = targets.find_failed(conversation, picked["edit"])
        made.text = failed.text if failed else ""
    elif request.GET.get("canned"):
        made.text = _canned_text(request, conversation)


def _canned_text(request: WorkspaceRequest, conversation: Conversation) -> str:
    try:
        key = uuid.UUID(request.GET["canned"])
    except ValueError:
        return ""
    found = canned.find_canned(request.workspace, key=key)
    return canned.filled_for(found, conversation, by=request.user) if found else ""


def _barrier(conversation: Conversation) -> Problem | None:
    channel = conversation.channel
    reason: str | None = None
    if not channel.is_active or channel.integration_id is None:
        reason = Refusal.NUMBER_GONE
    elif channel.state == ChannelState.DISCONNECTED:
        reason = Refusal.NUMBER_DISCONNECTED
    elif Capability.SEND not in gateway.capabilities_of(channel.provider):
        reason = Refusal.CANNOT_SEND
    elif (
        replies.is_account_paused(channel) or conversation.is_number_paused  # type: ignore[attr-defined]  # read along with it
    ):
        reason = replies.NUMBER_PAUSED
    if reason is None:
        return None
    return problem_of(channel.provider, ReplyRefused("number", reason))
