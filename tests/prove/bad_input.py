"""Whatever is posted: no 5xx, no dead worker, and genuine bytes kept as they came."""

import contextlib
import copy
import json
import random
import socket
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from config.embedded.supervisor import HOST
from tests.factories import cloud_api
from tests.prove import traffic
from tests.prove.clients import Line, signed
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say

MEGABYTE = 1024 * 1024
DEEP = 100_000
DONE_SECONDS = 120.0


def bad_input(plan: Plan) -> list[Row]:
    stack = plan.stack
    worker = stack.processes["worker"]
    family = worker.family()
    faults = _refusals(plan)
    bodies = _oddities() + _fuzz(plan)
    say(f"bad input: {len(bodies)} odd bodies of a genuine sender")
    line = Line(stack.port, stack.webhook_path)
    statuses = Counter(line.post(body).status for body in bodies)
    good = traffic.message("wamid.good", person=1)
    statuses[line.post(good.body).status] += 1
    line.close()
    stack.wait_until_done(DONE_SECONDS)
    faults += _kept_as_sent(plan, [*bodies, good.body])
    faults += _processed(plan)
    if statuses.keys() != {200}:
        faults.append(f"answers {dict(statuses)}")
    if worker.family() != family:
        faults.append("a worker's child died")
    for fault in faults:
        say(f"  wrong: {fault}")
    return [none_of("bad_input", len(faults), "answers or rows wrong")]


def _refusals(plan: Plan) -> list[str]:
    """What must be refused, and leave nothing behind."""
    body = traffic.message("wamid.refused", person=2).body
    large = b" " * (4 * MEGABYTE + 1)
    unknown = "/webhooks/whatsapp/" + "A" * 43 + "/"
    line = Line(plan.stack.port, plan.stack.webhook_path)
    wrong = {**signed(body), "x-hub-signature-256": "sha256=" + "0" * 64}
    answers = {
        "an unknown token": (line.post(body, path=unknown).status, 404),
        "a malformed token": (line.post(body, path=unknown[:-5]).status, 404),
        "no signature": (line.post(body, {}).status, 401),
        "a wrong signature": (line.post(body, wrong).status, 401),
        "another body's signature": (line.post(body + b" ", signed(body)).status, 401),
        "a content-encoding": (
            line.post(body, {**signed(body), "content-encoding": "gzip"}).status,
            415,
        ),
        "5 MiB declared": (_declared(plan, large, 5 * MEGABYTE), 413),
        "4 MiB and a byte in chunks": (_chunked(plan, large), 413),
    }
    line.close()
    faults = [
        f"{what} was answered {got}, not {asked}"
        for what, (got, asked) in answers.items()
        if got != asked
    ]
    stored = plan.stack.count("SELECT count(*) FROM webhooks_rawwebhook")
    if stored:
        faults.append(f"{stored} refused bodies were stored")
    say(f"bad input: {len(answers)} refusals tried, {len(faults)} wrong")
    return faults


def _declared(plan: Plan, body: bytes, length: int) -> int:
    """Only the head is sent: the answer must not wait for the body."""
    return _raw(plan, signed(body) | {"content-length": str(length)}, lambda _: None)


def _chunked(plan: Plan, body: bytes) -> int:
    def send(connection: socket.socket) -> None:
        for at in range(0, len(body), MEGABYTE):
            chunk = body[at : at + MEGABYTE]
            connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        connection.sendall(b"0\r\n\r\n")

    return _raw(plan, signed(body) | {"transfer-encoding": "chunked"}, send)


def _raw(
    plan: Plan, headers: dict[str, str], send: Callable[[socket.socket], None]
) -> int:
    head = [f"POST {plan.stack.webhook_path} HTTP/1.1", f"host: {HOST}"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((HOST, plan.stack.port), timeout=10) as connection:
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        # It may hang up as soon as it has heard enough.
        with contextlib.suppress(OSError):
            send(connection)
        try:
            answer = connection.recv(4096)
        except OSError:
            return 0
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def _kept_as_sent(plan: Plan, bodies: list[bytes]) -> list[str]:
    sent = Counter(sha256(body).hexdigest() for body in bodies)
    kept = Counter(
        dict(
            plan.stack.sql(
                "SELECT encode(sha256(body), 'hex'), count(*) FROM webhooks_rawwebhook "
                "GROUP BY 1"
            )
        )
    )
    lost, added = (sent - kept).total(), (kept - sent).total()
    return [f"{lost} bodies not kept as sent, {added} not sent"] if lost + added else []


def _processed(plan: Plan) -> list[str]:
    """Each settled at the first try, with a reason where it is parked."""
    stack = plan.stack
    states = stack.sql("SELECT state, count(*) FROM webhooks_rawwebhook GROUP BY 1")
    say(f"  settled: {', '.join(f'{count} {state}' for state, count in states)}")
    faults = [
        f"{count} rows failed with {error[:120]}"
        for error, count in stack.sql(
            "SELECT error, count(*) FROM webhooks_rawwebhook "
            "WHERE errors > 0 OR attempts <> 1 GROUP BY 1"
        )
    ]
    if undone := stack.undone():
        faults.append(f"{undone} rows undone")
    if mute := stack.count(
        "SELECT count(*) FROM webhooks_rawwebhook WHERE state = 'parked' AND error = ''"
    ):
        faults.append(f"{mute} rows parked without a reason")
    if not stack.count(
        "SELECT count(*) FROM whatsapp_message WHERE external_id = 'wamid.good'"
    ):
        faults.append("a good message after them was not stored")
    return faults


def _oddities() -> list[bytes]:
    text = traffic.message("wamid.odd", person=3, text="TEXT").body
    huge = b"9" * 10_000
    return [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\x00" * 1000,
        b"\xff\xfe{}",
        text.replace(b"TEXT", b"\x00"),
        text.replace(b"TEXT", rb"a\u0000b").replace(b"odd", b"nul"),
        text.replace(b"wamid.odd", rb"wamid\u0000odd"),
        text.replace(b"TEXT", rb"\ud800 lone \udfff").replace(b"odd", b"surrogate"),
        text.replace(b"wamid.odd", rb"wamid.\ud800"),
        text.replace(b"Pessoa", rb"\u0000\ud83d"),
        text.replace(str(traffic.START).encode(), huge),
        text.replace(b'"text": {', b'"x": ' + huge + b', "text": {'),
        text.replace(b'"text": {', b'"x": 1e999999, "y": NaN, "text": {'),
        text.replace(b'"text": {', b'"id": "wamid.other", "text": {'),
        text[:-1] + b', "entry": []}',
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        text.replace(b'"TEXT"', b"[" * DEEP + b"]" * DEEP),
        text.replace(b"TEXT", b"x" * (3 * MEGABYTE)).replace(b"odd", b"long"),
        text.replace(b"wamid.odd", b"w" * 100_000),
    ]


def _fuzz(plan: Plan) -> list[bytes]:
    chance = plan.chance("fuzz")
    return [_fuzzed(number, chance) for number in range(plan.size(2000, 200))]


def _fuzzed(number: int, chance: random.Random) -> bytes:
    """Noise, a body with some bytes changed, or a body with some values replaced."""
    if number % 10 == 0:
        return chance.randbytes(chance.randrange(2000))
    body = _some_body(number, chance)
    if number % 4 == 0:
        damaged = bytearray(body)
        most = chance.choice((128, 128, 256))  # beyond ASCII it is rarely text at all
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(most)
        return bytes(damaged)
    tree = json.loads(body)
    for _ in range(chance.randint(1, 3)):
        _replace_somewhere(tree, chance)
    return json.dumps(tree).encode()


def _some_body(number: int, chance: random.Random) -> bytes:
    name = f"wamid.fuzz.{number}"
    return chance.choice(
        (
            lambda: traffic.message(name, person=chance.randrange(50)).body,
            lambda: (
                traffic.message(
                    name,
                    person=chance.randrange(50),
                    type="image",
                    image={"id": "1", "mime_type": "image/png", "caption": "Foto"},
                ).body
            ),
            lambda: (
                traffic.message(
                    name,
                    person=chance.randrange(50),
                    referral={"source_id": "1", "ctwa_clid": "c", "source_url": "u"},
                    context={"id": "wamid.fuzz.1", "from": traffic.phone(1)},
                ).body
            ),
            lambda: traffic.echoes([(name, 1), (f"{name}.b", 2)], to=number).body,
            lambda: (
                traffic.statuses(
                    [(name, "sent", 1), (name, "failed", 2), (name, "read", 3)]
                ).body
            ),
            lambda: cloud_api.history(cloud_api.message("Antes", id_=name)),
        )
    )()


_ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**400,
    1e308,
    float("inf"),
    "",
    "\0",
    "a\0b",
    "\ud800",
    "\u202e\u200b",
    "x" * 5000,
    "5511999999999",
    "99999999999999999999",
    "-1",
    "not a number",
    [],
    {},
    [[[]]],
    {"id": {"id": []}},
    ["text"] * 50,
)


def _replace_somewhere(tree: Any, chance: random.Random) -> None:
    """Change one place of a JSON tree: another value, no value, or one key more."""
    places: list[tuple[Any, Any]] = []
    open_nodes = [tree]
    while open_nodes:
        node = open_nodes.pop()
        keys = node.keys() if isinstance(node, dict) else range(len(node))
        for key in keys:
            places.append((node, key))
            if isinstance(node[key], dict | list):
                open_nodes.append(node[key])
    if not places:
        return
    node, key = chance.choice(places)
    deed = chance.randrange(10)
    if deed == 0:
        del node[key]
    elif deed == 1 and isinstance(node, dict):
        node[chance.choice(("type", "id", "from", "\0", "errors", "\ud800"))] = (
            copy.deepcopy(chance.choice(_ODD_VALUES))
        )
    else:
        node[key] = copy.deepcopy(chance.choice(_ODD_VALUES))
