"""Celery's clock: `celery -A config.clock beat`.

It gives the names of tasks and needs neither them nor the rows they work on: without what
makes Django ready it takes half the memory.
"""

import asyncio
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django.utils.log import configure_logging

from config import celery_settings, database

app = Celery("recado", fixups=[])
app.conf.update(celery_settings.SETTINGS)


@signals.setup_logging.connect
def _use_our_logging(**_: Any) -> None:
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)


@signals.beat_init.connect
def _refuse_strong_role(**_: Any) -> None:
    asyncio.run(database.wait_for_bound_role())
