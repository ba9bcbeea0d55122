"""A Celery worker with faults in it, for the proof alone: `PROVE_FAULT` says which.

`poison` makes marked bodies raise, hang or kill the process that parses them.
`sending` kills the process at every step of a send. `stop-before-take` and `stop-before-commit` freeze a child once, inside a batch, and write
down what became of the batch after it was continued.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import django

MARKER = b"prove-poison:"
# So that eight errors fit into seconds; the real pauses add up to more than half an hour.
BACKOFF_SECONDS = (0.5,) * 8
PARSE_SECONDS = 0.5


def poison() -> None:
    from integrations import gateway
    from webhooks import inbox, processing

    parse = gateway.parse

    def faulty(provider: str, body: bytes, headers: Mapping[str, str]) -> list[Any]:
        at = body.find(MARKER)
        if at >= 0:
            _hurt(body[at + len(MARKER) :].split(b" ")[0].decode())
        return parse(provider, body, headers)

    gateway.parse = faulty
    vars(inbox)["_BACKOFF_SECONDS"] = BACKOFF_SECONDS
    processing.PARSE_SECONDS = PARSE_SECONDS


def _hurt(how: str) -> None:
    if how == "raise":
        raise ZeroDivisionError("poison")
    if how == "hang":
        time.sleep(3600)
    if how == "exit":
        os._exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)


def stop_before_take() -> None:
    from webhooks import processing

    _report_apply(processing, stop_first=True)


def stop_before_commit() -> None:
    from webhooks import processing

    walk = processing._walk

    def walk_then_stop(*args: Any, **kwargs: Any) -> Any:
        finished = walk(*args, **kwargs)
        _stop_once()
        return finished

    vars(processing)["_walk"] = walk_then_stop
    _report_apply(processing, stop_first=False)


def _report_apply(processing: Any, *, stop_first: bool) -> None:
    """Write the outcome of the first batch beside the pid of its child."""
    apply = processing._apply

    def told(*args: Any, **kwargs: Any) -> int:
        if stop_first:
            _stop_once()
        try:
            done: int = apply(*args, **kwargs)
        except BaseException as error:
            _tell(f"refused {type(error).__name__}")
            raise
        _tell(f"applied {done}")
        return done

    processing._apply = told


def _notes() -> Path:
    return Path(os.environ["PROVE_NOTES"])


def _tell(text: str) -> None:
    with _notes().open("a", encoding="utf-8") as notes:
        notes.write(f"{text}\n")


def _stop_once() -> None:
    if not _notes().exists():
        _tell(f"stopped {os.getpid()}")
        os.kill(os.getpid(), signal.SIGSTOP)


def sending() -> None:
    """Kill this process at each step of a send, `PROVE_KILLS` times in all workers together.

    Pauses are seconds instead of minutes, so that eight attempts fit into the proof.
    """
    from integrations import gateway
    from whatsapp.services import breakers, outbox_claims, outbox_results, sending

    vars(outbox_results)["BACKOFF_SECONDS"] = (0.5,) * 7
    vars(sending)["EXCHANGE"] = 3.0
    vars(breakers)["FIRST_PROBE"] = 0.5
    vars(breakers)["LAST_PROBE"] = 1.0
    for module, name, before, after in (
        (outbox_claims, "claim", "", "claimed"),
        (sending, "submit", "", "submitted"),
        (gateway, "send", "sending", "answered"),
        (outbox_results, "_record", "", "recording"),
        (outbox_results, "record", "", "recorded"),
    ):
        vars(module)[name] = _deadly(getattr(module, name), before, after)


def _deadly(work: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        _die_perhaps(before)
        done = work(*args, **kwargs)
        if done or after.startswith("record"):  # an empty claim is no step
            _die_perhaps(after)
        return done

    return wrapped


def _die_perhaps(step: str) -> None:
    """Once in a while, while there are lives left for this step."""
    if not step or random.random() > _CHANCES[step]:
        return
    for number in range(int(os.environ["PROVE_KILLS"])):
        try:
            os.close(os.open(_notes() / f"{step}.{number}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)


# Some steps are of a message, others of a batch.
_CHANCES = {
    "claimed": 0.2,
    "submitted": 0.1,
    "sending": 0.01,
    "answered": 0.01,
    "recording": 0.1,
    "recorded": 0.1,
}

FAULTS: dict[str, Callable[[], None]] = {
    "poison": poison,
    "stop-before-take": stop_before_take,
    "stop-before-commit": stop_before_commit,
    "sending": sending,
}


def main() -> None:
    django.setup()
    FAULTS[os.environ["PROVE_FAULT"]]()
    from config.celery_app import app

    app.worker_main(
        [
            *("worker", "--without-gossip", "--without-mingle", "--without-heartbeat"),
            *("--pool", "prefork", "--concurrency", os.environ["PROVE_CHILDREN"]),
        ]
    )


if __name__ == "__main__":
    main()
