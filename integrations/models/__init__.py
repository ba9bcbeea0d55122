"""The rows of room 1."""

from integrations.models.numbers import (
    Channel,
    ChannelLog,
    ChannelState,
    Integration,
    IntegrationStatus,
    NumberClaim,
    WebhookToken,
)
from integrations.models.sandbox import SimulatedPhone
from integrations.models.sessions import (
    Episode,
    EpisodeEnd,
    Session,
    SessionKind,
    SessionState,
    Signal,
)
from integrations.troubles import Mishap, Problem

__all__ = [
    "Channel",
    "ChannelLog",
    "ChannelState",
    "Episode",
    "EpisodeEnd",
    "Integration",
    "IntegrationStatus",
    "Mishap",
    "NumberClaim",
    "Problem",
    "Session",
    "SessionKind",
    "SessionState",
    "Signal",
    "SimulatedPhone",
    "WebhookToken",
]
