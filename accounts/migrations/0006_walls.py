"""The walls of room 0: roles, keys with their workspace, row-level security.

A key that others refer to changes together with the keys that lead to it, so their tables
must be there: a migration of a room above that makes one says `run_before`. The central
OAuth server, which has none of those rooms, needs them not.
"""

from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_api_token"),
    ]

    operations = [
        walls.roles(),
        walls.composite_key("Membership"),
        walls.police("Membership"),
        walls.police("DataKey"),
        walls.police("AuditChain"),
        walls.police("AuditEvent"),
        walls.let_cross(
            "Membership", "SELECT (id, workspace_id, user_id, role, last_seen_at)"
        ),
        walls.crossing_function(
            "accounts_memberships_of(person bigint)",
            """
            SELECT membership.id, membership.workspace_id, membership.role::text,
                   membership.last_seen_at
              FROM accounts_membership membership WHERE membership.user_id = person
            """,
            returns="TABLE (membership_id bigint, workspace_id bigint, role text,"
            " last_seen_at timestamptz)",
            rows=5,
        ),
        walls.police("SignInRule"),
        walls.let_cross("SignInRule", "SELECT (workspace_id)"),
        walls.crossing_function(
            "accounts_workspaces_with_rules()",
            "SELECT DISTINCT rule.workspace_id FROM accounts_signinrule rule",
            returns="SETOF bigint",
        ),
        # What a link or a request shows is a token, and only the token leads to a workspace.
        walls.police("Invitation"),
        walls.let_cross("Invitation", "SELECT (workspace_id, token_hash)"),
        walls.crossing_function(
            "accounts_invitation_of(hash bytea)",
            """
            SELECT invitation.workspace_id FROM accounts_invitation invitation
             WHERE invitation.token_hash = hash
            """,
            returns="SETOF bigint",
            rows=1,
        ),
        walls.police("ApiToken"),
        walls.let_cross("ApiToken", "SELECT (id, workspace_id, digest)"),
        walls.crossing_function(
            "accounts_api_token_of(wanted bytea)",
            """
            SELECT token.id, token.workspace_id FROM accounts_apitoken token
             WHERE token.digest = wanted
            """,
            returns="TABLE (token_id bigint, workspace_id bigint)",
            rows=1,
        ),
    ]
