"""What the tables of this package are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise

from accounts.models import AuditEvent

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Words:
    """`label` names the action in the filter; `sentence` may look at the entry to choose."""

    label: Text
    sentence: Text | Callable[[AuditEvent], Text]
    page: str = ""  # the address whose key the target is


@dataclass(frozen=True, slots=True)
class Group:
    label: Text
    prefix: str
    all_label: Text
    actions: Mapping[str, Words]
