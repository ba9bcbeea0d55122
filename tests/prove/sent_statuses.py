"""Statuses of our own sends in any order, repeated, by id and by token, equal the model.

Half of them come in while the messages are still being sent, before anybody knows their ids;
of a third of the messages nobody ever hears an answer. The model is `status_model`'s.
"""

import random
import subprocess
import sys
from typing import Any

from config.embedded import files
from tests.factories import cloud_api
from tests.prove import traffic
from tests.prove.answers import external_id, is_in_doubt
from tests.prove.clients import Post
from tests.prove.plan import Plan
from tests.prove.promises import text_of
from tests.prove.report import Row, none_of, say
from tests.prove.stack import Stack
from tests.prove.status_model import Told, shown_by_model

PATIENCE = 240.0
STATUSES_TOGETHER = 10
WORDS = ("sent", "delivered", "read")  # and `failed`, at any place among them
_PAGES = {"": "accepted", "queued": "accepted", "played": "read"}


def statuses_of_sends(plan: Plan) -> list[Row]:
    stack, chance = plan.stack, plan.chance("statuses of sends")
    count = plan.size(10_000, 500)
    texts = [text_of(number) for number in range(count)]
    told = {text: _course(text, chance) for text in texts}
    _run(
        stack,
        "promises",
        "--count",
        str(count),
        "--people",
        str(count),
        "--handed-over",
    )
    tokens = dict(
        stack.sql("SELECT business_key, callback_token FROM whatsapp_outboxentry")
    )
    posts = _bodies(told, tokens, chance)
    say(
        f"statuses of sends: {sum(map(len, told.values()))} of {count} messages, permuted "
        f"and repeated, in {len(posts)} posts, half of them before the answers"
    )
    ledger = plan.ledger("sent-statuses")
    stack.add_worker("worker2")
    half = len(posts) // 2
    early = plan.clients(posts[:half], ledger).start().wait()
    _run(stack, "answers")
    late = plan.clients(posts[half:], ledger).start().wait()
    seconds = stack.wait_until_done(PATIENCE)
    stack.remove("worker2")
    wrong = _unlike_model(stack, told)
    waiting = stack.count("SELECT count(*) FROM whatsapp_waitingstatus")
    stuck = stack.count(
        "SELECT count(*) FROM webhooks_rawwebhook WHERE state NOT IN ('done', 'ignored')"
    )
    say(
        f"  done {seconds:.1f} s after the last post: {len(wrong)} differ from the model, "
        f"{waiting} statuses still wait, {stuck} rows not done"
    )
    for line in wrong[:5]:
        say(f"  {line}")
    return [
        none_of(
            "statuses_of_sends",
            len(wrong) + waiting,
            "sends unlike the model",
            also=early.given_up + late.given_up + stuck == 0,
        )
    ]


def _course(text: str, chance: random.Random) -> list[Told]:
    """What happened to one message: words skipped, out of order by the clock too."""
    told = [
        (text, word, chance.randint(1, 40))
        for word in chance.sample(WORDS, chance.randint(1, 3))
    ]
    if chance.random() < 0.35:
        told.append((text, "failed", chance.randint(1, 40)))
    return told


def _bodies(
    told: dict[str, list[Told]], tokens: dict[str, str], chance: random.Random
) -> list[Post]:
    """Every status tells the id; the token too, as Meta does, where it is needed or by luck."""
    news = [one for course in told.values() for one in course]
    news += chance.sample(news, len(news) // 4)
    chance.shuffle(news)
    posts = []
    for at in range(0, len(news), STATUSES_TOGETHER):
        statuses = []
        for text, word, seconds in news[at : at + STATUSES_TOGETHER]:
            shows_token = is_in_doubt(text) or chance.random() < 0.5
            more: dict[str, Any] = (
                {"biz_opaque_callback_data": tokens[text]} if shows_token else {}
            )
            if word == "failed":
                more["errors"] = [{"code": 131026, "title": "Undeliverable"}]
            statuses.append(
                cloud_api.status(
                    external_id(text), word, at=traffic.START + seconds, **more
                )
            )
        posts.append(Post(cloud_api.body(statuses=tuple(statuses))))
    return posts


def _unlike_model(stack: Stack, told: dict[str, list[Told]]) -> list[str]:
    """Of the message, of the send's row, and of what the sends page shows of it."""
    rows = stack.sql(
        """
        SELECT entry.business_key, message.status, message.external_id, message.error_code,
               entry.state, entry.shown, entry.reason
          FROM whatsapp_outboxentry entry
          JOIN whatsapp_message message ON message.id = entry.message_id
        """
    )
    wrong = []
    for text, *found in rows:
        expected = shown_by_model(told[text])
        code = "131026" if expected == "failed" else ""
        page = _PAGES.get(expected, expected)
        model = [expected, external_id(text), code, "accepted", page, code]
        if found != model:
            wrong.append(f"{text}: {found}, not {model}; told {told[text]}")
    return wrong + ["a send is missing"] * (len(told) - len(rows))


def _run(stack: Stack, module: str, *options: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.prove.{module}", *options],
        cwd=files.BASE_DIR,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")
