"""What a twin has taken, message by message: nothing may be in it twice.

Every twin that sends keeps one. A message is written down at the moment the provider would
have handed it to WhatsApp, whatever it then answers.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sent:
    id: str
    sender: str  # the number or the session that sent it
    to: str
    body: Any
    token: str = ""


@dataclass
class Ledger:
    sent: list[Sent] = field(default_factory=list)

    def take(self, sender: str, to: str, body: Any, *, token: str = "") -> Sent:
        number = len(self.sent) + 1
        taken = Sent(f"3EB0{number:012X}", sender, to, body, token)
        self.sent.append(taken)
        return taken

    @property
    def twice(self) -> list[str]:
        """The callback tokens of messages that came more than once."""
        tokens = Counter(one.token for one in self.sent if one.token)
        return [token for token, times in tokens.items() if times > 1]
