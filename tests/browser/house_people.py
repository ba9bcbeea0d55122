"""The shop's people: a member, invitations, a little history, and who tried to sign in."""

from datetime import timedelta

from django.utils import timezone

from accounts import audit
from accounts.models import Invitation, Membership, SignInEvent, Workspace
from tests.factories import accounts as make_people


def come_in(workspace: Workspace) -> tuple[Membership, Invitation]:
    """Somebody who answers, three invitations, and a little history."""
    person = make_people.user(
        email=f"rafael@{workspace.slug}.example.com", name="Rafael Nogueira"
    )
    member = make_people.membership(workspace, person, role="agent")
    is_shop = workspace.slug == "padaria"
    invitation = make_people.invitation(
        workspace,
        email="helena.prado@example.com",
        token="convite-aberto" if is_shop else "",
    )
    make_people.invitation(
        workspace,
        email="caio@example.com",
        role="viewer",
        expires_at=timezone.now() - timedelta(days=1),
        token="convite-vencido" if is_shop else "",
    )
    make_people.invitation(workspace, email="lia@example.com", mail="failed")
    for action, details in (
        ("workspace.added", {}),
        ("member.added", {"role": "agent"}),
        ("conversation.assigned", {"from": None, "to": person.pk}),
        ("lead.edited", {"fields": ["name", "stage"]}),
        (
            "workspace.changed",
            {"changes": {"raw_webhook_days": {"old": 60, "new": 30}}},
        ),
        ("something.else", {"why": "no sentence knows it"}),
    ):
        audit.record(
            workspace=workspace,
            action=action,
            actor=person,
            target=f"user:{person.pk}" if action.startswith("member.") else "",
            details=details,
            ip="203.0.113.7",
        )
    return member, invitation


def sign_in(member: Membership | None) -> None:
    """One that went well, and refusals of somebody known and of somebody who is not."""
    now = timezone.now()
    for number, (outcome, user) in enumerate(
        (
            ("signed_in", member.user if member else None),
            ("password_refused", member.user if member else None),
            ("email_unverified", None),
        )
    ):
        SignInEvent.objects.create(
            reference=f"234567892{number}",
            at=now - timedelta(hours=number),
            outcome=outcome,
            issuer="https://conta.example.com",
            subject_hash=f"{number}" * 64,
            user=user,
            ip="203.0.113.7",
        )
