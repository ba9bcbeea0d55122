"""Room 0: who is asking, for which workspace, and with which keys."""

from importlib import import_module

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        import_module("accounts.receivers")
        if apps.is_installed("allauth.mfa"):  # commands that need no setting do without
            import_module("accounts.factor_receivers")
