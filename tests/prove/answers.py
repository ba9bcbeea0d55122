"""Write down what came of sends, as a worker does: `python -m tests.prove.answers`.

Of three messages that are being sent two are accepted, under the id that `sent_statuses`
tells statuses by, and of the third nobody hears the end.
"""

import django

BATCH = 200


def external_id(text: str) -> str:
    """The provider's id of the message with this text."""
    return f"wamid.sent.{text.rsplit(' ', 1)[1]}"


def is_in_doubt(text: str) -> bool:
    return int(text.rsplit(" ", 1)[1]) % 3 == 2


def main() -> None:
    django.setup()
    from accounts.models import Workspace
    from accounts.scoping import workspace_transaction
    from integrations.providers.base.errors import OutcomeUnknown
    from integrations.providers.base.outgoing import SendResult
    from whatsapp.models import OutboxEntry
    from whatsapp.services import outbox_results
    from whatsapp.services.outbox_results import Attempt, outcome_of

    workspace = Workspace.objects.get(slug="prove")
    with workspace_transaction(workspace.pk):
        rows = OutboxEntry.objects.for_workspace(workspace).exclude(lease_token=None)
        entries = list(rows.order_by("pk"))
    attempts = [
        Attempt(
            one.pk,
            one.lease_token,
            outcome_of(
                OutcomeUnknown("answer_timeout")
                if is_in_doubt(one.business_key)
                else SendResult(external_id(one.business_key))
            ),
        )
        for one in entries
    ]
    for start in range(0, len(attempts), BATCH):
        outbox_results.record(workspace.pk, attempts[start : start + BATCH])
    print("{}")


if __name__ == "__main__":
    main()
