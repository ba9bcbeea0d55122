"""What a team does with a conversation: who takes it, when it is over, what was read.

Each may be asked twice and happens once; what changed is audited, by whom.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Membership, User, Workspace
from accounts.permissions import Action, may
from whatsapp import queue
from whatsapp.models import Conversation, ConversationState
from whatsapp.services import announcing

ATTENTION_EVERY = timedelta(seconds=20)


class NotAMember(ValueError):
    """A conversation goes only to somebody of its workspace who may answer it."""


class TakenMeanwhile(ValueError):
    """Somebody else has assigned it since the page was opened; they may know why."""

    def __init__(self, assignee: User | None) -> None:
        super().__init__()
        self.assignee = assignee


class AnotherIsOpen(ValueError):
    """The person has written anew meanwhile, so an open conversation exists already."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


def assign(
    conversation: Conversation,
    *,
    assignee_id: int | None,
    actor: User,
    seen: int | None = None,
    ip: str | None = None,
) -> bool:
    """Give it to a member, or to nobody. False when it was theirs already.

    `seen` is whose the person saw it to be, 0 for nobody, None when that does not matter.
    """
    with transaction.atomic():
        # The member before the conversation, as a removal does: see release().
        may_have_it = assignee_id is None or _may_answer(conversation, assignee_id)
        held = _hold(conversation)
        if held.assignee_id == assignee_id:
            return False
        if seen is not None and (held.assignee_id or 0) != seen:
            raise TakenMeanwhile(held.assignee)
        if not may_have_it:
            raise NotAMember
        before, held.assignee_id = held.assignee_id, assignee_id
        if assignee_id is not None:
            held.attended_at = timezone.now()
        held.save(update_fields=["assignee", "attended_at"])
        details = {"from": before, "to": assignee_id}
        _note("conversation.assigned", held, actor=actor, details=details, ip=ip)
    return True


def close(conversation: Conversation, *, actor: User, ip: str | None = None) -> bool:
    """False when it was closed already."""
    with transaction.atomic():
        held = _hold(conversation)
        if held.state == ConversationState.CLOSED:
            return False
        held.state = ConversationState.CLOSED.value
        held.save(update_fields=["state"])
        _note("conversation.closed", held, actor=actor, ip=ip)
    return True


def reopen(conversation: Conversation, *, actor: User, ip: str | None = None) -> bool:
    """False when it was open already. A pair of lead and number has one open at a time."""
    with transaction.atomic():
        same = Conversation.objects.for_workspace(conversation.workspace_id).filter(
            channel=conversation.channel_id, lead=conversation.lead_id
        )
        rows = list(same.select_for_update().order_by("id"))
        held = next(row for row in rows if row.pk == conversation.pk)
        if held.state == ConversationState.OPEN:
            return False
        for other in rows:
            if other.state == ConversationState.OPEN:
                raise AnotherIsOpen(other)
        held.state = ConversationState.OPEN.value
        try:
            with transaction.atomic():
                held.save(update_fields=["state"])
        except IntegrityError:  # a message opened another one in this very moment
            opened = same.get(state=ConversationState.OPEN)
            raise AnotherIsOpen(opened) from None
        _note("conversation.reopened", held, actor=actor, ip=ip)
    return True


def mark_read(conversation: Conversation, *, seen: int) -> bool:
    """Nothing is unread any more, if no message has come since `seen` were counted.

    Not audited: it is told by nobody and undone by the next message. The person sees it
    where the number is set to that.
    """
    unread = Conversation.objects.for_workspace(conversation.workspace_id).filter(
        pk=conversation.pk, unread_count__gt=0, message_count__lte=seen
    )
    with transaction.atomic():
        if not unread.update(unread_count=0):
            return False
        announcing.conversations(conversation.workspace_id, [conversation.pk])
    if conversation.channel.marks_read:
        queue.show_read_after_commit(conversation.workspace_id, conversation.pk)
    return True


def note_attention(conversation: Conversation, *, now: datetime) -> None:
    """A member writes: what is answered automatically stays back.

    The person sees it where the number is set to that. Once in twenty seconds, which is
    how long they see it at most providers, however often it is told.
    """
    stale = Conversation.objects.for_workspace(conversation.workspace_id).filter(
        Q(attended_at=None) | Q(attended_at__lt=now - ATTENTION_EVERY),
        pk=conversation.pk,
    )
    if stale.update(attended_at=now) and conversation.channel.shows_typing:
        queue.show_typing_after_commit(conversation.workspace_id, conversation.pk)


def count_held(workspace: Workspace, user: User) -> int:
    """How many open conversations are theirs to answer."""
    return int(_held_by(workspace, user).count())


def release(workspace: Workspace, user: User) -> int:
    """Whoever goes leaves their open conversations to nobody, for the others to take.

    In the transaction that has ended the membership, which tells the audit trail.
    """
    held = _held_by(workspace, user)
    ids = list(held.values_list("pk", flat=True))
    released = int(held.filter(pk__in=ids).update(assignee=None))
    announcing.conversations(workspace.pk, ids)
    return released


def _held_by(workspace: Workspace, user: User) -> QuerySet[Conversation]:
    held: QuerySet[Conversation] = Conversation.objects.for_workspace(workspace).filter(
        assignee=user, state=ConversationState.OPEN
    )
    return held


def _hold(conversation: Conversation) -> Conversation:
    held: Conversation = (
        Conversation.objects.for_workspace(conversation.workspace_id)
        .select_for_update()
        .get(pk=conversation.pk)
    )
    return held


def _may_answer(conversation: Conversation, user_id: int) -> bool:
    """Holds the membership: it cannot end before the conversation is theirs."""
    membership = (
        Membership.objects.for_workspace(conversation.workspace_id)
        .select_for_update(no_key=True, of=("self",))
        .filter(user=user_id, user__is_active=True)
        .first()
    )
    return membership is not None and may(membership.role, Action.REPLY)


def _note(
    action: str,
    conversation: Conversation,
    *,
    actor: User,
    ip: str | None,
    details: dict[str, int | None] | None = None,
) -> None:
    audit.record(
        workspace=conversation.workspace,
        action=action,
        actor=actor,
        target=str(conversation.key),
        details=details,
        ip=ip,
    )
    announcing.conversations(conversation.workspace_id, [conversation.pk])
