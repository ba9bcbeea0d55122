"""The rows of room 0."""

from accounts.models.api_receipt import ApiReceipt
from accounts.models.api_token import ApiToken
from accounts.models.audit import AuditChain, AuditEvent
from accounts.models.datakey import DataKey, InstallationKey
from accounts.models.grant import OAuthGrant
from accounts.models.invitation import Invitation, MailState
from accounts.models.limits import RateCounter
from accounts.models.session import BrowserSession, SessionEnd
from accounts.models.sign_in import SignInEvent, SignInRule
from accounts.models.user import User, UserManager
from accounts.models.workspace import Departure, Membership, Role, Workspace

__all__ = [
    "ApiReceipt",
    "ApiToken",
    "AuditChain",
    "AuditEvent",
    "BrowserSession",
    "DataKey",
    "Departure",
    "InstallationKey",
    "Invitation",
    "MailState",
    "Membership",
    "OAuthGrant",
    "RateCounter",
    "Role",
    "SessionEnd",
    "SignInEvent",
    "SignInRule",
    "User",
    "UserManager",
    "Workspace",
]
