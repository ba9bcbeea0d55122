"""The rows of room 0."""

from accounts.models.audit import AuditChain, AuditEvent
from accounts.models.datakey import DataKey
from accounts.models.user import User, UserManager
from accounts.models.workspace import Membership, Role, Workspace

__all__ = [
    "AuditChain",
    "AuditEvent",
    "DataKey",
    "Membership",
    "Role",
    "User",
    "UserManager",
    "Workspace",
]
