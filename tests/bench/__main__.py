"""`make bench`: measure, print a table, write var/bench.json; 1 when a target is missed."""

import argparse
import logging
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from config.embedded import files
from config.embedded.launch import ServerFailed
from tests.bench import machine, report
from tests.bench.house import House, HouseFailed
from tests.bench.registry import MEASURES, Measure
from tests.bench.report import Row

DOCS = files.BASE_DIR / "docs" / "bench.md"


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    chosen = [one for one in MEASURES if not options.only or one.name in options.only]
    # A killed bench stops its servers as a finished one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with House(options.database_url, is_quick=options.quick) as house:
            described = machine.describe(disk=house.home)
            rows = _measure(house, chosen)
            described["PostgreSQL"] = house.version()
    except (ServerFailed, HouseFailed) as failure:
        print(f"The bench cannot run: {failure}", file=sys.stderr)
        return 2
    report.write_json(options.json, rows)
    print("\n" + "\n".join(f"{name}: {value}" for name, value in described.items()))
    print("\n" + report.table(rows))
    if options.write_docs:
        about = [(measure.name, measure.about) for measure in MEASURES]
        report.write_docs(DOCS, rows, machine=described, about=about)
    missed = [row for row in rows if not row.ok]
    for row in missed:
        print(f"{row.name} {row.verdict}".rstrip(), file=sys.stderr)
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = [measure.name for measure in MEASURES]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", default=[])
    parser.add_argument(
        "--quick", action="store_true", help="scaled down: shows that it runs, no more"
    )
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="measure this PostgreSQL, in a database made there and dropped again "
        "(default: an embedded one)",
    )
    parser.add_argument(
        "--json", type=Path, default=files.var_dir() / "bench.json", metavar="PATH"
    )
    parser.add_argument(
        "--write-docs", action="store_true", help=f"write {DOCS.name} from a full run"
    )
    return parser


def _measure(house: House, chosen: Sequence[Measure]) -> list[Row]:
    import django

    django.setup()
    _log_into(house.log / "bench.log")
    rows: list[Row] = []
    for measure in chosen:
        print(f"{measure.name} …", file=sys.stderr, flush=True)
        house.calm()
        started = time.monotonic()
        found = _run(measure, house)
        print(report.table(found), file=sys.stderr)
        print(f"  ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
        rows += found
    return rows


def _run(measure: Measure, house: House) -> list[Row]:
    """One measure that fails takes none of the others with it."""
    try:
        return measure.load()(house)
    except Exception as problem:
        if isinstance(problem, ServerFailed | HouseFailed) and not house.is_ready:
            raise  # no other measure could run either
        traceback.print_exc()
        what = str(problem).strip().partition("\n")[0]
        return [
            Row(measure.name, None, "", note=f"{type(problem).__name__}: {what}"[:200])
        ]


def _log_into(path: Path) -> None:
    """Our own process works as a child does; its log lines would drown the table."""
    stream = path.open("a", encoding="utf-8")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
