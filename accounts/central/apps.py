from django.apps import AppConfig


class CentralConfig(AppConfig):
    name = "accounts.central"
    label = "central"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Put our rules in force: allauth has no setting for its request validator."""
        from allauth.account.signals import password_changed  # noqa: PLC0415
        from allauth.idp.oidc.internal.oauthlib import server  # noqa: PLC0415
        from django.contrib.auth.signals import user_logged_out  # noqa: PLC0415

        from accounts.central import people, validator  # noqa: PLC0415

        server.OAuthLibRequestValidator = validator.Validator
        password_changed.connect(
            people.end_access_after_new_password, dispatch_uid="central-new-password"
        )
        user_logged_out.connect(
            people.end_access_after_sign_out, dispatch_uid="central-sign-out"
        )
