"""The states of a session in WAHA's words, ours for them, and why a person must do something.

The two of the passkey came in 2026: WhatsApp asks for it in the web page itself, where no
server can answer.
"""

from typing import Final

from integrations.providers.base.texts import gettext_noop as _

MISSING: Final = "MISSING"  # our word, where WAHA has none
UNKNOWN_STATE = _("WAHA tells a state of the session that is not known here.")
STOPPED = _("The session is stopped at WAHA. Connect it again.")
GONE = _("WAHA has no session of this name any more. Connect it again.")
FAILED = _(
    "The session failed: no code was scanned in time, or the phone ended the link. Connect it again."
)
PASSKEY = _(
    "WhatsApp asks for a passkey, which only a browser can give. Finish in the WAHA dashboard."
)
PASSKEY_CONFIRMATION = _(
    "WhatsApp asks to confirm a passkey on the phone. Finish in the WAHA dashboard."
)
NOBODY = _("WAHA does not tell yet which number is connected.")
ANOTHER_NUMBER = _(
    "The code was scanned with another phone number. Disconnect it, then scan with the right phone."
)

# Ours for each of theirs, and what a person should know about it.
STATES: Final = {
    "STOPPED": ("disconnected", STOPPED),
    "STARTING": ("created", ""),
    "SCAN_QR_CODE": ("awaiting_user", ""),
    "PASSKEY_REQUIRED": ("awaiting_user", PASSKEY),
    "PASSKEY_CONFIRMATION_REQUIRED": ("awaiting_user", PASSKEY_CONFIRMATION),
    "WORKING": ("connected", ""),
    "FAILED": ("failed", FAILED),
}
