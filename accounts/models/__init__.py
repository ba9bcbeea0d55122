"""The rows of room 0."""

from accounts.models.api_token import ApiToken
from accounts.models.audit import AuditChain, AuditEvent
from accounts.models.datakey import DataKey
from accounts.models.invitation import Invitation, MailState
from accounts.models.limits import RateCounter
from accounts.models.user import User, UserManager
from accounts.models.workspace import Membership, Role, Workspace

__all__ = [
    "ApiToken",
    "AuditChain",
    "AuditEvent",
    "DataKey",
    "Invitation",
    "MailState",
    "Membership",
    "RateCounter",
    "Role",
    "User",
    "UserManager",
    "Workspace",
]
