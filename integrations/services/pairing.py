"""A code to type on the phone, where a provider has one, in the place of one to scan."""

from integrations.models import Channel, Session, SessionState
from integrations.services import asking, leases, sessions
from integrations.services.sessions import SYSTEM, Actor


def ask_code(channel: Channel, *, actor: Actor = SYSTEM) -> Session:
    """Some gateways tell it only with a round of codes that begins anew.

    However many questions that takes, they have the time of one: somebody waits.
    """
    with asking.within(leases.BUDGET):
        session = sessions.open_session(channel, wants_pairing_code=True, actor=actor)
        is_waiting = session.state == SessionState.AWAITING_USER
        if session.pairing_code or not is_waiting:
            return session
        return sessions.start_clean(channel, wants_pairing_code=True, actor=actor)
