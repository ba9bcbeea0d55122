"""The settings of a workspace."""

from accounts.permissions import Action
from tests.architecture.addresses.kinds import (
    Address,
    act,
    file,
    form,
    page,
)

ADDRESSES: dict[str, Address] = {
    # Settings.
    "accounts:settings-home": page(Action.READ),
    "accounts:settings-workspace": form(Action.MANAGE_WORKSPACE),
    "accounts:settings-members": page(Action.READ),
    "accounts:settings-member-invite": form(
        Action.MANAGE_MEMBERS, bodies=({"email": "{email}", "role": "agent"},)
    ),
    "accounts:settings-member-leave": form(Action.READ, empty=302),
    "accounts:settings-member-ownership": form(
        Action.TRANSFER_OWNERSHIP, bodies=({"heir": "{member}", "name": "Jabuticaba"},)
    ),
    "accounts:settings-member": form(
        Action.MANAGE_MEMBERS, "member", bodies=({"role": "viewer"},)
    ),
    "accounts:settings-member-remove": form(Action.MANAGE_MEMBERS, "member", empty=302),
    "accounts:settings-member-invitation-renew": act(
        Action.MANAGE_MEMBERS, "invited", empty=200
    ),
    "accounts:settings-member-invitation-revoke": form(
        Action.MANAGE_MEMBERS, "invited", empty=302
    ),
    "accounts:settings-applications": page(Action.MANAGE_WORKSPACE),
    "accounts:settings-sign-in": form(Action.MANAGE_MEMBERS),
    "accounts:settings-sign-in-rule-delete": act(Action.MANAGE_MEMBERS, "rule"),
    "accounts:settings-audit": page(
        Action.READ_AUDIT,
        queries=("person={email}", "target={lead}", "before={user_pk}"),
    ),
    "accounts:settings-audit-csv": file(Action.READ_AUDIT, queries=("person={email}",)),
    "accounts:settings-audit-jsonl": file(
        Action.READ_AUDIT, queries=("target={conversation}",)
    ),
    "accounts:settings-audit-verify": act(Action.READ_AUDIT),
    "tokens:token-list": page(Action.MANAGE_WORKSPACE),
    "tokens:token-new": form(Action.MANAGE_WORKSPACE),
    "tokens:token-revoke": form(Action.MANAGE_WORKSPACE, "token", empty=302),
}
