"""Audit entries as sentences, for every action that any room records.

A table, because an entry outlives the code that made it: what is not in it is shown as it
was written. A test compares it with the actions in the code. `audit_sentences` fills it in.
"""

from accounts.audit_words import customers, events, log, numbers, workspace
from accounts.audit_words.shapes import Group, Text, Words
from accounts.audit_words.values import ACTORS, FIELDS, PROBLEMS, WHYS

__all__ = [
    "ACTORS",
    "FIELDS",
    "GROUPS",
    "PROBLEMS",
    "WHYS",
    "WORDS",
    "Group",
    "Text",
    "Words",
]

GROUPS = (
    *workspace.GROUPS,
    *customers.GROUPS,
    *events.GROUPS,
    *numbers.GROUPS,
    *log.GROUPS,
)
WORDS = {name: words for group in GROUPS for name, words in group.actions.items()}
