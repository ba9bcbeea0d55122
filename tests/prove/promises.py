"""Promise many messages at once, as a process of the product: `python -m tests.prove.promises`.

People who wrote to the stack's number just now, each to be answered a few times, in turn.
With `--handed-over` they are as if a worker were just sending them.
"""

import argparse
from datetime import timedelta

import django

PHONE = "55119{:08d}"


def text_of(number: int) -> str:
    return f"prove send {number}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--handed-over", action="store_true")
    options = parser.parse_args()
    django.setup()
    _promise(options.count, options.people, is_handed_over=options.handed_over)
    print("{}")


_HAND_OVER = """
WITH going AS (
    UPDATE whatsapp_outboxentry
       SET state = 'submitting', lease_token = gen_random_uuid(), attempts = 1,
           submitted_at = now(), next_at = now() + interval '1 hour'
     WHERE state = 'due' RETURNING message_id
)
UPDATE whatsapp_message message SET status = 'sending'
  FROM going WHERE message.id = going.message_id
"""


def _promise(count: int, people: int, *, is_handed_over: bool) -> None:
    from django.utils import timezone

    from accounts import bulk
    from accounts.models import Workspace
    from accounts.scoping import workspace_transaction
    from integrations.models import Channel
    from integrations.providers.base.outgoing import Text
    from integrations.providers.base.types import Party
    from whatsapp.models import Conversation, Lead
    from whatsapp.services import outbox

    workspace = Workspace.objects.get(slug="prove")
    now = timezone.now()
    with workspace_transaction(workspace.pk):
        channel = Channel.objects.for_workspace(workspace).get()
        channel.state, channel.limits = "connected", {"per_second": "off"}
        channel.save()
        leads = Lead.objects.bulk_create(
            Lead(workspace=workspace, name=f"p{place}", created_at=now)
            for place in range(people)
        )
        threads = Conversation.objects.bulk_create(
            Conversation(
                workspace=workspace,
                channel=channel,
                lead=lead,
                last_message_at=now - timedelta(seconds=1),
                last_inbound_at=now,
                created_at=now,
            )
            for lead in leads
        )
        drafts = [
            outbox.Draft(
                business_key=text_of(number),
                channel_id=channel.pk,
                recipient=Party(wa_id=PHONE.format(number % people)),
                content=Text(text_of(number)),
                conversation_id=threads[number % people].pk,
                is_bulk=True,
            )
            for number in range(count)
        ]
        outbox.enqueue_many(workspace.pk, drafts, now=now)
        if is_handed_over:
            bulk.run(_HAND_OVER)


if __name__ == "__main__":
    main()
