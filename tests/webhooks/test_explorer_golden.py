"""The explorer opens whatever the golden cases of all providers hold."""

from pathlib import Path

import pytest

import tests.integrations.providers
from tests.factories import webhooks as make

_FOLDER = Path(tests.integrations.providers.__file__).parent
BODIES = sorted(_FOLDER.glob("*/inbound/*/body.json"))


@pytest.mark.parametrize("provider", sorted({one.parts[-4] for one in BODIES}))
def test_each_golden_request_has_a_page(world, signed_in, provider):
    client = signed_in(world.agent)
    bodies = [one for one in BODIES if one.parts[-4] == provider]
    rows = [
        make.raw_webhook(
            world.workspace, provider=provider, body=one.read_bytes(), state="done"
        )
        for one in bodies
    ]

    answers = {
        one.parts[-2]: client.get(f"/w/padaria/webhooks/{row.key}/").status_code
        for one, row in zip(bodies, rows, strict=True)
    }

    assert set(answers.values()) == {200}, answers
