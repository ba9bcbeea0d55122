"""What other systems read of a workspace: a page of tickets, as the image serves it."""

import statistics
from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts import digests, token_format
from accounts.models import ApiToken
from accounts.permissions import Scope
from accounts.scoping import workspace_transaction
from tests.bench import load, shop
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tickets.models import Client, Ticket

P99_MS: Final = 300.0
CONNECTIONS: Final = 4
PAGE: Final = 50


def api_tickets(house: House) -> list[Row]:
    workspace = shop.of(house).workspace
    tickets = 2_000 if house.is_quick else 100_000
    now = timezone.now()
    secret = token_format.new_secret()
    with workspace_transaction(workspace.pk):
        ApiToken.objects.create(
            workspace=workspace,
            name="bench",
            digest=digests.of_token(secret),
            hint=secret[: token_format.HINT_LENGTH],
            scopes=[Scope.TICKETS_READ.value],
            created_at=now,
            expires_at=now + timedelta(days=1),
        )
        clients = Client.objects.bulk_create(
            Client(workspace=workspace, name=f"Cliente {number}", oauth_id=f"{number}")
            for number in range(tickets // 10)
        )
        Ticket.objects.bulk_create(
            (
                Ticket(
                    workspace=workspace,
                    ticket_number=number + 1,
                    title=f"Chamado {number}",
                    description="Não esquenta desde ontem. " * 4,
                    client=clients[number % len(clients)],
                    search_text=f"chamado {number}",
                    created_at=now,
                    updated_at=now + timedelta(seconds=number),
                    status_at=now,
                )
                for number in range(tickets)
            ),
            batch_size=2_000,
        )
    house.execute("ANALYZE tickets_ticket, tickets_client")
    since = now.isoformat().replace("+", "%2B")
    paths = (
        f"/api/tickets?limit={PAGE}",
        f"/api/tickets?limit={PAGE}&updated_since={since}",
        f"/api/tickets?limit={PAGE}&client=7",
    )
    requests = [
        (
            f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-proto: https\r\n"
            f"authorization: Bearer {secret}\r\n\r\n"
        ).encode()
        for path in paths
    ]
    count = 20 if house.is_quick else 200
    with house.pages(RATE_API_TOKEN="off", RATE_API_ADDRESS="off") as address:
        load.full_speed(address, requests * 10, connections=CONNECTIONS)
        rounds = [
            load.full_speed(address, requests * count, connections=CONNECTIONS)
            for _ in range(1 if house.is_quick else 3)
        ]
    for result in rounds:
        if result.accepted != count * len(requests):
            raise AssertionError(f"not every page came: {result.statuses}")
    p99 = statistics.median(result.percentile(0.99) for result in rounds) * 1e3
    rates = " ".join(f"{result.rate:.0f}" for result in rounds)
    return [
        Row(
            "api_tickets",
            p99,
            "ms",
            target=P99_MS,
            bound=Bound.VALUE_AT_MOST,
            note=f"p99 of {PAGE} of {tickets} tickets over {CONNECTIONS} connections; "
            f"{rates} pages/s",
        )
    ]
