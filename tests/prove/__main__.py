"""`python -m tests.prove`: every scenario against the real processes, then the verdict."""

import argparse
import os
import signal
import sys
import types
from pathlib import Path

import django

BASE_DIR = Path(__file__).resolve().parents[2]
INTERRUPTED = 130


def main() -> int:
    _prepare_factories()
    from tests.prove import report
    from tests.prove.plan import Plan
    from tests.prove.scenarios import SCENARIOS
    from tests.prove.stack import Stack

    options = _options([name for scenario in SCENARIOS for name in scenario.names])
    # With the shortest lease a small proof need not wait a minute for a killed worker.
    settings = {"INBOX_LEASE_SECONDS": "5"} if options.quick else {}
    rows: list[report.Row] = []
    stack = Stack(settings=settings)
    plan = Plan(stack, is_quick=options.quick, seed=options.seed)
    try:
        stack.open()
        for scenario in SCENARIOS:
            if options.only and not set(options.only) & set(scenario.names):
                continue
            for row in scenario.rows(plan):
                rows.append(row)
                report.say(
                    f"  {row.name}: {row.value:g} {'ok' if row.ok else 'NOT OK'}"
                )
    except KeyboardInterrupt:
        report.say("stopped by hand")
        return INTERRUPTED
    finally:
        # A second Ctrl-C must not leave servers behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stack.close()
    report.print_table(rows)
    var = Path(os.environ.get("RECADO_VAR_DIR") or BASE_DIR / "var")
    report.write(rows, var / "prove.json")
    return 0 if rows and all(row.ok for row in rows) else 1


def _options(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=names, help="this row; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="a twentieth of it")
    parser.add_argument("--seed", type=int, default=1, help="of the dice")
    return parser.parse_args()


def _prepare_factories() -> None:
    """The factories of the tests import models; this process itself opens no database."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    django.setup()
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(sign: int, frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
