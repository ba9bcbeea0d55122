"""One deed for a request and its repetitions, told apart by their Idempotency-Key.

The key is written first, in the transaction of the deed: who brings the same one at the same
moment waits for that transaction, and then reads its answer. A request that is refused is
rolled back with its key, which may be used again.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpResponse

from accounts import bulk
from accounts.api import answers, requests
from accounts.api.bearers import Bearer, Person
from accounts.api.guards import ApiWorkspaceRequest
from accounts.models import ApiReceipt

KEPT_FOR: Final = timedelta(days=30)
_PRUNE_EVERY: Final = 200
_TAKE: Final = """
INSERT INTO accounts_apireceipt (workspace_id, system, repeat_key, digest, status, location,
                                 body, created_at)
VALUES (%(workspace)s, %(system)s, %(key)s, %(digest)s, 0, '', '', %(now)s)
ON CONFLICT (workspace_id, system, repeat_key) DO NOTHING RETURNING id
"""
_PRUNE: Final = """
DELETE FROM accounts_apireceipt WHERE id IN (
    SELECT id FROM accounts_apireceipt
     WHERE workspace_id = %(workspace)s AND created_at < %(before)s
     LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class Done:
    """An answer as it will be given each time."""

    status: int
    body: Mapping[str, Any]
    location: str = ""

    def as_response(self) -> HttpResponse:
        headers = {"Location": self.location} if self.location else {}
        return answers.answer(self.body, status=self.status, headers=headers)


def once(
    request: ApiWorkspaceRequest, do: Callable[[], Done], *, now: datetime
) -> HttpResponse:
    """The answer of `do`, which happens at most once under the request's key.

    The same key for another request, also at another address, is a 409. Called inside the
    workspace's transaction, as every view is.
    """
    digest = requests.digest_of({"path": _address(request), "body": request.digest})
    values = {
        "workspace": request.workspace.pk,
        "system": system_of(request.bearer),
        "key": request.repeat_key,
        "digest": digest,
        "now": now,
    }
    taken = bulk.run(_TAKE, values)
    receipts = ApiReceipt.objects.for_workspace(request.workspace)
    if not taken:
        known = receipts.get(system=values["system"], repeat_key=values["key"])
        if known.digest != digest:
            raise requests.key_reused()
        told = json.loads(known.body)
        return Done(known.status, told, known.location).as_response()
    done = do()
    [[number]] = taken
    receipts.filter(pk=number).update(
        status=done.status, body=json.dumps(done.body), location=done.location
    )
    if secrets.randbelow(_PRUNE_EVERY) == 0:
        before = {"workspace": request.workspace.pk, "before": now - KEPT_FOR}
        bulk.run(_PRUNE, before)
    return done.as_response()


def system_of(bearer: Bearer) -> str:
    """Whose keys these are: systems do not know each other's."""
    if isinstance(bearer, Person):
        return f"u{bearer.user.pk}"
    return f"t{bearer.token.pk}"


def _address(request: ApiWorkspaceRequest) -> str:
    """The same with and without the workspace in it."""
    return request.path.replace(f"/w/{request.workspace.slug}/", "/", 1)
