"""Celery's workers, and whoever gives them hints."""

import asyncio
import gc
from typing import Any

from celery import Celery, signals

from config import celery_settings, database
from config import logging as logs

app = Celery("recado", task_cls=celery_settings.Hint)
app.conf.update(celery_settings.SETTINGS)
app.autodiscover_tasks()


@signals.setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves Django's logging alone."""


@signals.worker_init.connect
def _refuse_strong_role(**_: Any) -> None:
    asyncio.run(database.wait_for_bound_role())


@signals.worker_before_create_process.connect
def _share_what_is_loaded(**_: Any) -> None:
    """Pages that the collector does not touch stay one copy for parent and children."""
    gc.collect()
    gc.freeze()


@signals.task_prerun.connect
def _name_the_task(task_id: str, **_: Any) -> None:
    logs.correlation_id.set(task_id)


@signals.task_postrun.connect
def _forget_the_task(**_: Any) -> None:
    logs.correlation_id.set("")
