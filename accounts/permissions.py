"""Who may do what: roles to actions, as data."""

from enum import StrEnum

from accounts.models import Role


class Action(StrEnum):
    READ = "read"  # conversations, leads, links, tickets
    REPLY = "reply"
    ASSIGN = "assign"
    EDIT_LEADS = "edit_leads"
    EDIT_LINKS = "edit_links"
    EDIT_TICKETS = "edit_tickets"
    CONNECT = "connect"  # integrations, numbers, templates
    OPERATE_INBOX = "operate_inbox"  # replay and park raw webhooks
    MANAGE_MEMBERS = "manage_members"
    MANAGE_WORKSPACE = "manage_workspace"
    READ_AUDIT = "read_audit"
    TRANSFER_OWNERSHIP = "transfer_ownership"


_VIEWER = frozenset({Action.READ})
_AGENT = _VIEWER | {
    Action.REPLY,
    Action.ASSIGN,
    Action.EDIT_LEADS,
    Action.EDIT_TICKETS,
}
_ADMIN = _AGENT | {
    Action.EDIT_LINKS,
    Action.CONNECT,
    Action.OPERATE_INBOX,
    Action.MANAGE_MEMBERS,
    Action.MANAGE_WORKSPACE,
    Action.READ_AUDIT,
}
_OWNER = _ADMIN | {Action.TRANSFER_OWNERSHIP}

ALLOWED: dict[str, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.AGENT: _AGENT,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _OWNER,
}


def may(role: str, action: Action) -> bool:
    """An unknown role may do nothing."""
    return action in ALLOWED.get(role, frozenset())


class Scope(StrEnum):
    """What a bearer on `/api/` may do. A service token holds its own, a person's bearer
    those that the person's role allows, as far as they allowed the token to read and write.
    """

    WORKSPACE_READ = "workspace:read"
    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    LEADS_READ = "leads:read"
    CONVERSATIONS_READ = "conversations:read"
    MESSAGES_READ = "messages:read"
    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    MESSAGES_SEND = "messages:send"
    NOTIFICATIONS_SEND = "notifications:send"


SCOPES: dict[Scope, Action] = {
    Scope.WORKSPACE_READ: Action.READ,
    Scope.CLIENTS_READ: Action.READ,
    Scope.CLIENTS_WRITE: Action.EDIT_TICKETS,
    Scope.LEADS_READ: Action.READ,
    Scope.CONVERSATIONS_READ: Action.READ,
    Scope.MESSAGES_READ: Action.READ,
    Scope.TICKETS_READ: Action.READ,
    Scope.TICKETS_WRITE: Action.EDIT_TICKETS,
    Scope.MESSAGES_SEND: Action.REPLY,
    Scope.NOTIFICATIONS_SEND: Action.EDIT_TICKETS,
}


# The others change something, or send it.
READING = frozenset(scope for scope, action in SCOPES.items() if action is Action.READ)


def scopes_of(role: str) -> frozenset[Scope]:
    """What a person of this role may do through `/api/`, and put into a service token."""
    return frozenset(scope for scope, action in SCOPES.items() if may(role, action))


def grantable(role: str) -> list[Role]:
    """The roles somebody of `role` may give, highest first.

    Never one above their own, and never ownership: that is handed over, not given.
    """
    if not may(role, Action.MANAGE_MEMBERS):
        return []
    return [one for one in Role if one != Role.OWNER and outranks(role, one)]


def outranks(role: str, other: str) -> bool:
    """May somebody of `role` do all that `other` may? Equals may."""
    return ALLOWED.get(other, frozenset()) <= ALLOWED.get(role, frozenset())
