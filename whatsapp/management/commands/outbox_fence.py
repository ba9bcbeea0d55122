"""The restore fence: `outbox_fence` tells what may already have been sent, `--accept` opens it."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import OperatorCommand
from whatsapp.services import fence
from whatsapp.services.fence import Doubtful


class Command(OperatorCommand):
    help = (
        "Tell whether an older database was put back, and which of its messages may have "
        "been sent already. Nothing goes out until it is accepted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--accept",
            action="store_true",
            help="Open the fence. What may have been sent is left unconfirmed.",
        )
        parser.add_argument(
            "--send",
            action="store_true",
            help="With --accept: send it all, and some of it perhaps a second time.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        before = fence.state()
        doubtful = list(fence.doubtful()) if before.is_closed else []
        left = None
        if options["accept"]:
            left = fence.accept(sends_again=options["send"])
        facts = {
            "closed": before.is_closed,
            "epoch": before.epoch,
            "mark": before.mark,
            "outside": before.outside,
            "doubtful": [_facts(one) for one in doubtful],
            "left_unconfirmed": left,
        }
        self.answer(facts, "\n".join(_lines(before, doubtful, left)))


def _facts(one: Doubtful) -> dict[str, Any]:
    return {**asdict(one), "created_at": one.created_at.isoformat()}


def _lines(
    before: fence.FenceState, doubtful: list[Doubtful], left: int | None
) -> list[str]:
    lines = [
        "closed: an older database was put back" if before.is_closed else "open",
        f"epoch {before.epoch}, sends known here {before.mark}, outside {before.outside}",
    ]
    if doubtful:
        lines.append(f"{len(doubtful)} messages may have been sent already:")
    lines += [
        f"  {one.entry_id} from {one.channel} to {one.recipient or 'a hidden number'}, "
        f"{one.created_at:%Y-%m-%d %H:%M} UTC, {one.business_key}"
        for one in doubtful
    ]
    if left is not None:
        lines.append(f"accepted: {left} left unconfirmed")
    elif before.is_closed:
        lines.append("Nothing goes out until you run this with --accept.")
    return lines
