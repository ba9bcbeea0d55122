"""Where a provider's link leads somebody back: the state is used up, then the provider asked.

The view comes before, with what a browser brought; `sessions` asks. A link is good for one
return: one that brought nothing is followed by a fresh one.
"""

from django.db.models.functions import Now

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from integrations import codes
from integrations.models import Session, SessionState
from integrations.services import asking, sessions
from integrations.services.sessions import SYSTEM, Actor


class StateInvalid(LookupError):
    """A return that nobody waits for: forged, used before, or too late. Which, stays unsaid."""


def come_back(
    workspace: Workspace,
    *,
    state: str,
    external_id: str,
    return_url: str,
    actor: Actor = SYSTEM,
) -> Session:
    """Take somebody's return, and ask the provider whether what it names is so.

    Without anything to ask about, the session gets a fresh link, which leads to `return_url`.
    Raises StateInvalid or asking.NotConnectable.
    """
    session = redeem_state(workspace, state=state, external_id=external_id)
    if session.external_id:
        return sessions.refresh(session)
    channel = asking.channel_of(session)
    return sessions.reconnect(channel, return_url=return_url, actor=actor)


def redeem_state(workspace: Workspace, *, state: str, external_id: str = "") -> Session:
    """The session that a provider's link led back to; once, and only while it is pending.

    `external_id` is what the redirect named. A browser says so, therefore it is only what
    the provider is asked about next: call `refresh` on what comes back. Raises StateInvalid.
    """
    digest = sessions.digest_of(state)
    with workspace_transaction(workspace.pk):
        waiting = Session.objects.for_workspace(workspace).filter(
            link_digest=digest, ended_at=None, expires_at__gt=Now()
        )
        session = waiting.select_for_update().first()
        if session is None:
            raise StateInvalid
        codes.forget(session)  # the link would be refused when it leads back again
        session.external_id = external_id[:128] or session.external_id
        if session.is_pending:
            session.state = SessionState.VERIFYING
        session.probe_at = None
        session.save()
    return session
