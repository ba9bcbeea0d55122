"""Log lines: JSON, ids only."""

import logging
from typing import Any


def configure(options: dict[str, Any]) -> None:
    logging.basicConfig(level=options["level"])
