"""The walls of the tables of events, and the functions that look across them."""

from django.db import migrations

from accounts import walls

REFERRED = ("IncomingSource", "Subscription", "EventDelivery")
TIED = (
    ("IncomingEvent", "source"),
    ("IncomingEvent", "ticket"),
    ("EventDelivery", "subscription"),
    ("EventDelivery", "ticket"),
    ("DeliveryAttempt", "delivery"),
    ("SigningSecret", "source"),
    ("SigningSecret", "subscription"),
)
POLICED = (*REFERRED, "IncomingEvent", "DeliveryAttempt", "SigningSecret")

# Without a key: the only one there is. Two rows say that there are more.
SOURCE = """
(SELECT id, workspace_id FROM tickets_incomingsource WHERE key = source_key)
UNION ALL
(SELECT id, workspace_id FROM tickets_incomingsource WHERE source_key IS NULL LIMIT 2)
"""
# Whoever waited longest for a turn comes first. One worker has the turn of a subscription.
CLAIM = """
WITH wanting AS (
    SELECT subscription.id, subscription.workspace_id
      FROM tickets_subscription subscription
     WHERE subscription.is_active
       AND subscription.next_turn_at <= statement_timestamp()
       AND (subscription.lease_until IS NULL
            OR subscription.lease_until <= statement_timestamp())
       AND EXISTS (
            SELECT FROM tickets_eventdelivery delivery
             WHERE delivery.subscription_id = subscription.id
               AND delivery.workspace_id = subscription.workspace_id
               AND delivery.state = 'due'
               AND delivery.next_at <= statement_timestamp())
     ORDER BY subscription.lease_until NULLS FIRST, subscription.id
     LIMIT most FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE tickets_subscription subscription
   SET lease_token = token,
       lease_until = statement_timestamp() + make_interval(secs => lease_seconds)
  FROM wanting
 WHERE subscription.id = wanting.id
   AND subscription.workspace_id = wanting.workspace_id
RETURNING subscription.id, subscription.workspace_id
"""
HAS_DUE = """
SELECT EXISTS (
    SELECT FROM tickets_subscription subscription
     WHERE subscription.is_active
       AND subscription.next_turn_at <= statement_timestamp()
       AND (subscription.lease_until IS NULL
            OR subscription.lease_until <= statement_timestamp())
       AND EXISTS (
            SELECT FROM tickets_eventdelivery delivery
             WHERE delivery.subscription_id = subscription.id
               AND delivery.workspace_id = subscription.workspace_id
               AND delivery.state = 'due'
               AND delivery.next_at <= statement_timestamp()))
"""
WAITING = """
SELECT count(*), coalesce(greatest(
           extract(epoch FROM statement_timestamp() - min(next_at)), 0), 0)::float8
  FROM tickets_eventdelivery WHERE state = 'due'
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0008_events")]

    operations = [
        *(walls.composite_key(model) for model in REFERRED),
        *(walls.composite_foreign_key(model, field) for model, field in TIED),
        *(walls.police(model) for model in POLICED),
        walls.let_cross("IncomingSource", "SELECT (id, workspace_id, key)"),
        walls.let_cross(
            "Subscription",
            "SELECT (id, workspace_id, is_active, next_turn_at, lease_until)",
            "UPDATE (lease_token, lease_until)",
        ),
        walls.let_cross(
            "EventDelivery",
            "SELECT (id, workspace_id, subscription_id, state, next_at)",
        ),
        walls.crossing_function(
            "tickets_event_source(source_key uuid)",
            SOURCE,
            returns="TABLE (source_id bigint, source_workspace_id bigint)",
            rows=2,
        ),
        walls.crossing_function(
            "tickets_subscription_claim(most integer, token uuid, lease_seconds integer)",
            CLAIM,
            returns="TABLE (subscription_id bigint, subscription_workspace_id bigint)",
            volatility="VOLATILE",
            rows=20,
        ),
        walls.crossing_function(
            "tickets_deliveries_due()", HAS_DUE, returns="boolean"
        ),
        walls.crossing_function(
            "tickets_deliveries_waiting()",
            WAITING,
            returns="TABLE (deliveries bigint, oldest_seconds float8)",
            rows=1,
        ),
    ]
