"""A signature that is refused leaves a line where people look, and not one for each try."""

import asyncio

import pytest
from asgiref.sync import sync_to_async

from integrations.models import ChannelLog
from tests.factories import cloud_api as cloud
from tests.walls import as_owner
from tests.webhooks.test_receiver import Gate, gate, integration
from webhooks import refusals

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["gate", "integration"]  # fixtures
WRONG = {"x-hub-signature-256": "sha256=" + "0" * 64}


@sync_to_async
def _lines() -> list[ChannelLog]:
    with as_owner():
        return list(ChannelLog.objects.unscoped("test"))


async def logged() -> list[ChannelLog]:
    """What was written, once it had the time to be."""
    for _ in range(30):
        if lines := await _lines():
            return lines
        await asyncio.sleep(0.1)
    return []


async def test_a_wrong_signature_is_noted_once(gate: Gate):
    for _ in range(3):
        answer = await gate.post(cloud.body(cloud.message()), headers=WRONG)
        assert answer.status == 401

    [line] = await logged()
    assert (line.operation, line.status_code) == (refusals.OPERATION, 401)
    assert line.error == refusals.WRONG
    assert line.integration_id == gate.integration.pk
    assert gate.token not in f"{line.url} {line.request} {line.response}"


async def test_a_missing_signature_has_its_own_word(gate: Gate):
    await gate.post(cloud.body(cloud.message()), headers={})

    [line] = await logged()
    assert line.error == refusals.MISSING


async def test_a_url_that_is_nobodys_leaves_nothing(gate: Gate):
    answer = await gate.post(b"{}", token="A" * 43, headers=WRONG)

    assert answer.status == 404
    assert await logged() == []
