"""The audit trail: `record()` adds an entry to a workspace's chain, `verify()` proves it.

Room 0; every room above records here what people and systems did. An entry's HMAC covers
all of its fields and the entry before it; numbers have no gap. Never put a secret, a
message or a phone number into `details`: entries cannot be taken back. Name the row, say
which fields changed, and stop there.

The HMAC key is a random one per workspace, sealed under the root key in `AuditChain`. A key
derived from the root key would break every chain when the root key changes; a data key
would, when a workspace's secrets are erased. This one moves to the new root key with
`vault_rotate` and outlives data keys.

`AuditChain` also holds the number and hash of the last entry under a MAC of their own, so
that a cut-off tail shows. Somebody who can put back an older copy of both tables can still
go unseen here: keep what `audit_verify` prints elsewhere and compare it.
"""

import hmac
import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from accounts.models import AuditChain, AuditEvent, User, Workspace
from accounts.scoping import workspace_transaction
from accounts.vault import keyring
from accounts.vault.cipher import VaultError

_FIRST = bytes(32)  # what the first entry is linked to
_BEGINNING = "workspace.added"  # what the first entry tells
_ENTRY, _HEAD = b"recado audit entry 1\0", b"recado audit head 1\0"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a walk along the chain found. `broken_at` is the first entry that is not right."""

    entries: int
    head: str
    broken_at: int | None = None
    problem: str = ""

    @property
    def is_intact(self) -> bool:
        return not self.problem


def record(
    *,
    workspace: Workspace,
    action: str,
    actor: User | None = None,
    actor_label: str = "",
    target: str = "",
    details: Mapping[str, Any] | None = None,
    ip: str | None = None,
    now: datetime | None = None,
) -> AuditEvent:
    """Add an entry, in the caller's transaction when there is one.

    The workspace's chain stays locked until that transaction ends: record late in it.
    """
    label = actor_label or (actor.email if actor else "system")
    with workspace_transaction(workspace.pk):
        chain = _locked_chain(workspace.pk)
        key = _open(chain)
        event = AuditEvent(
            workspace_id=workspace.pk,
            sequence=chain.sequence + 1,
            at=now or timezone.now(),
            actor=actor,
            actor_label=_storable(label)[:254],
            action=action,
            target=_storable(target)[:128],
            details=_plain(details or {}),
            ip=storable_address(ip),
            previous_hash=bytes(chain.hash),
        )
        event.hash = mac(key, _ENTRY + canonical(event))
        event.save(force_insert=True)
        chain.sequence, chain.hash = event.sequence, event.hash
        chain.head_mac = _head_mac(key, chain)
        chain.save(update_fields=["sequence", "hash", "head_mac"])
    return event


def verify(workspace: Workspace) -> AuditReport:
    """Walk the whole chain. Entries recorded meanwhile are walked too, and do no harm."""
    with workspace_transaction(workspace.pk):
        return _verify(workspace)


def _verify(workspace: Workspace) -> AuditReport:
    # Read before the entries: what was the head then must be found among them.
    chains = AuditChain.objects.for_workspace(workspace)
    events = AuditEvent.objects.for_workspace(workspace).order_by("sequence")
    chain = chains.first()
    if chain is None:  # a workspace and its first entry are made together
        return AuditReport(0, "", 1, "the chain's own row is gone")
    try:
        key = _open(chain)
    except VaultError:
        return AuditReport(0, "", 1, "the chain's key does not open")
    head = f"{chain.sequence}:{bytes(chain.hash).hex()}"
    head_is_ours = hmac.compare_digest(_head_mac(key, chain), bytes(chain.head_mac))
    entries = 0
    for event, problem in _walk(events.iterator(chunk_size=1000), key=key):
        if problem:
            return AuditReport(entries, head, entries + 1, problem)
        if head_is_ours and _is_beside(event, chain):
            return AuditReport(
                entries, head, entries + 1, "is not the entry the chain's head names"
            )
        entries += 1
    if not head_is_ours:
        return AuditReport(entries, head, entries + 1, "the chain's head was altered")
    if entries < max(chain.sequence, 1):
        return AuditReport(entries, head, entries + 1, "this and what followed is gone")
    return AuditReport(entries, head)


def canonical(event: AuditEvent) -> bytes:
    """An entry as the bytes its hash covers: JSON with sorted keys and no spaces."""
    ip = ipaddress.ip_address(event.ip).packed.hex() if event.ip else None
    entry = {
        "workspace": event.workspace_id,
        "sequence": event.sequence,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor_id,
        "actor_label": event.actor_label,
        "action": event.action,
        "target": event.target,
        "details": event.details,
        "ip": ip,
        "previous": bytes(event.previous_hash).hex(),
    }
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _walk(
    events: Iterator[AuditEvent], *, key: bytes
) -> Iterator[tuple[AuditEvent, str]]:
    """Each entry with what is wrong with it; "" for nothing."""
    previous = _FIRST
    for expected, event in enumerate(events, start=1):
        if event.sequence != expected:
            yield event, "is missing"
        elif not hmac.compare_digest(
            mac(key, _ENTRY + canonical(event)), bytes(event.hash)
        ):
            yield event, "was altered"
        elif bytes(event.previous_hash) != previous:
            yield event, "does not follow the entry before it"
        elif expected == 1 and event.action != _BEGINNING:
            yield event, "is not how a log begins"
        else:
            yield event, ""
        previous = bytes(event.hash)


def _is_beside(event: AuditEvent, chain: AuditChain) -> bool:
    """Does it bear the head's number without being the head?"""
    return event.sequence == chain.sequence and bytes(event.hash) != bytes(chain.hash)


def _locked_chain(workspace_id: int) -> AuditChain:
    chains = AuditChain.objects.for_workspace(workspace_id).select_for_update()
    chain = chains.first()
    if chain is not None:
        return chain
    fresh = keyring.make_key(keyring.AUDIT_KEY, workspace_id)
    chain = AuditChain(
        workspace_id=workspace_id,
        sealed=fresh.sealed,
        root_key_id=fresh.root_key_id,
        hash=_FIRST,
    )
    chain.head_mac = _head_mac(fresh.key, chain)
    # Two first entries at once: the unique constraint lets one row in, both then lock it.
    AuditChain.objects.bulk_create([chain], ignore_conflicts=True)
    return chains.get()


def _open(chain: AuditChain) -> bytes:
    return keyring.open_key(chain.sealed, keyring.AUDIT_KEY, chain.workspace_id)


def _head_mac(key: bytes, chain: AuditChain) -> bytes:
    head = f"{chain.workspace_id}:{chain.sequence}:{bytes(chain.hash).hex()}"
    return mac(key, _HEAD + head.encode())


def storable_address(ip: str | None) -> str | None:
    """An address the database takes; a header's nonsense is no reason to record nothing."""
    try:
        return str(ipaddress.ip_address(ip)) if ip and "%" not in ip else None
    except ValueError:
        return None


def _plain(value: object) -> Any:
    """JSON that the database gives back unchanged: text, whole numbers, lists, objects."""
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("audit details need text as names")
        return {_storable(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return _storable(value)
    if value is None or isinstance(value, bool | int):
        return value
    raise TypeError(f"audit details hold no {type(value).__name__}")


def _storable(text: str) -> str:
    """What the database cannot hold becomes U+FFFD and a question mark."""
    clean = str(text).replace("\0", "\ufffd")
    return clean.encode("utf-8", "replace").decode()
