"""What can be wrong with a session, and what a simulated phone does wrong on purpose."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Problem(models.TextChoices):
    """What is wrong with a session, as far as it tells a person what to do next."""

    KEY_WRONG = "key_wrong", _("The provider does not accept the key")
    PERMISSION_MISSING = "permission_missing", _("The key may not do this")
    CREDENTIALS_UNREADABLE = (
        "credentials_unreadable",
        _("The vault does not open the credentials"),
    )
    NUMBER_WRONG = "number_wrong", _("Another number than expected is connected")
    NUMBER_TAKEN = "number_taken", _("The number is connected somewhere else already")
    UNREACHABLE = "unreachable", _("The provider cannot be reached")
    UNAVAILABLE = "unavailable", _("The provider cannot answer at the moment")
    BUSY = "busy", _("The provider asks us to wait")
    UNREADABLE = "unreadable", _("The provider's answer cannot be understood")
    REFUSED = "refused", _("The provider says no")
    UNSUPPORTED = "unsupported", _("The provider cannot do this")
    LOGGED_OUT = "logged_out", _("The phone or the provider ended the connection")
    UNSTEADY = "unsteady", _("The connection is unsteady")
    SILENT = "silent", _("No messages come in, unlike in other weeks")
    TOO_LATE = "too_late", _("Nobody finished connecting in time")


class Mishap(models.TextChoices):
    """What a simulated phone, or the gateway between it and us, does wrong on purpose."""

    NONE = "", _("Nothing, everything works")
    OFFLINE = "offline", _("The phone has no internet, and nobody says so")
    OTHER_PHONE = "other_phone", _("Another phone scans the code")
    TOO_LATE = "too_late", _("The code is scanned when it has expired")
    UNTOLD = "untold", _("Unlinking is not announced; Recado has to ask")
    UNSTEADY = "unsteady", _("The connection comes and goes")
    KEY_REFUSED = "key_refused", _("The gateway no longer accepts the key")
    DOWN = "down", _("The gateway is down for maintenance")
    HTML = "html", _("The gateway answers with a web page")
    HANGING = "hanging", _("The gateway does not answer in time")
