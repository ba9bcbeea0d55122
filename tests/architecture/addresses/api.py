"""What programs ask."""

from tests.architecture.addresses.kinds import (
    NOT_THERE,
    READ,
    REFUSED,
    Address,
    Json,
    Who,
    anybodys,
    asked_twice,
)

_PHONE = "+55 11 98765-4321"  # of both leads

ADDRESSES: dict[str, Address] = {
    # Bearers.
    "api:user": Address(
        who=Who.BEARER,
        answers=READ,
        others=dict.fromkeys(("service", "strange service"), REFUSED),
    ),
    "api:verify": Address(who=Who.BEARER, answers=READ),
    "api:workspace": Address(
        who=Who.BEARER,
        answers=READ,
        others=dict.fromkeys(("strange service", "strange person"), NOT_THERE),
        path={"slug": "slug"},
    ),
    "api-page:reference": anybodys(READ),
    "api-page:document": anybodys(READ),
    **asked_twice("whatsapp-api:leads", READ, queries=("q={email}", "phone={email}")),
    **asked_twice("whatsapp-api:lead", READ, key="lead"),
    **asked_twice(
        "whatsapp-api:conversations",
        READ,
        queries=("lead={lead}", "channel={channel}", "channel={email}"),
    ),
    **asked_twice("whatsapp-api:conversation", READ, key="conversation"),
    **asked_twice("whatsapp-api:conversation-messages", READ, key="conversation"),
    **asked_twice(
        "whatsapp-api:messages",
        {**READ, "POST": 415},
        queries=("channel={channel}",),
        json=(
            Json("POST", {"conversation": "{talk}", "text": "Oi"}, 202),
            Json("POST", {"to": _PHONE, "channel": "{phone}", "text": "Oi"}, 202),
            Json(
                "POST",
                {"conversation": "{our_talk}", "text": "Oi", "reply_to": "{told}"},
                202,
            ),
        ),
    ),
    **asked_twice("whatsapp-api:message", READ, key="send"),
    **asked_twice(
        "tickets-api:clients",
        {**READ, "POST": 415},
        queries=("q={email}",),
        json=(Json("POST", {"oauth_id": "{oauth}", "name": "Outra"}, 200),),
    ),
    **asked_twice(
        "tickets-api:client",
        {**READ, "PUT": 415, "PATCH": 415},
        json=(
            Json("PUT", {"name": "Outra"}, 200),
            Json("PATCH", {"name": "Outra"}, 200),
            Json("PATCH", {"oauth_id": "{oauth}"}, 200),
        ),
        oauth_id="oauth",
    ),
    **asked_twice(
        "tickets-api:tickets",
        {**READ, "POST": 415},
        queries=("client={client}", "assignee={email}", "q={email}"),
        json=(
            Json("POST", {"title": "Outro", "client": "{oauth}"}, 201),
            Json("POST", {"title": "Outro", "client": "{client}"}, 201),
            Json("POST", {"title": "Outro", "assignee": "{email}"}, 201),
            Json("POST", {"title": "Outro", "conversation": "{conversation}"}, 201),
        ),
    ),
    **asked_twice(
        "tickets-api:ticket",
        {**READ, "PATCH": 415},
        json=(
            Json("PATCH", {"client": "{oauth}"}, 200),
            Json("PATCH", {"client": "{client}"}, 200),
            Json("PATCH", {"assignee": "{email}"}, 200),
        ),
        number="1",
    ),
    **asked_twice(
        "tickets-api:comments",
        {**READ, "POST": 415},
        json=(Json("POST", {"text": "Oi"}, 201),),
        number="1",
    ),
    **asked_twice(
        "tickets-api:send",
        {"POST": 415},
        json=(
            Json("POST", {"oauth_id": "{oauth}", "message": "Oi"}, 202),
            Json(
                "POST",
                {"oauth_id": "{our_oauth}", "message": "Oi", "channel": "{phone}"},
                202,
            ),
        ),
    ),
    **asked_twice(
        "tickets-api:notify",
        {"POST": 415},
        json=(
            Json(
                "POST",
                {
                    "client_id": "{oauth}",
                    "notification_type": "ticket_updated",
                    "data": {"ticket_number": "OS-9", "title": "Outro"},
                },
                202,
            ),
        ),
    ),
}
