from django.apps import AppConfig


class CentralConfig(AppConfig):
    name = "accounts.central"
    label = "central"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Put our rules in force: allauth has no setting for its request validator."""
        from allauth.account.signals import (  # noqa: PLC0415
            password_changed,
            password_reset,
        )
        from allauth.idp.oidc.internal.oauthlib import server  # noqa: PLC0415
        from django.contrib.auth.signals import user_logged_out  # noqa: PLC0415

        from accounts.central import people, validator  # noqa: PLC0415

        server.OAuthLibRequestValidator = validator.Validator
        # In one's own account, and by a mailed link.
        for new_password in (password_changed, password_reset):
            new_password.connect(
                people.end_access_after_new_password,
                dispatch_uid="central-new-password",
            )
        user_logged_out.connect(
            people.end_access_after_sign_out, dispatch_uid="central-sign-out"
        )
