"""Every address of the central server, and who may ask for it."""

from enum import StrEnum


class Who(StrEnum):
    ANYBODY = "anybody"
    PERSON = "whoever is signed in"
    ADMIN = "whoever looks after the server"
    CLIENT = "an application, by its own credentials or a token"


ADDRESSES: dict[str, Who] = (
    dict.fromkeys(
        (
            "healthz",
            "idp:oidc:configuration",
            "idp:oidc:jwks",
            "idp:oidc:logout",
            "account_login",
            "account_logout",
            "account_inactive",
            "account_reset_password",
            "account_reset_password_done",
            "account_reset_password_from_key",
            "account_reset_password_from_key_done",
            "mfa_authenticate",
            "central:invited",
        ),
        Who.ANYBODY,
    )
    | dict.fromkeys(
        (
            "idp:oidc:authorization",
            "account_reauthenticate",
            "account_change_password",
            "mfa_index",
            "mfa_reauthenticate",
            "mfa_activate_totp",
            "mfa_deactivate_totp",
            "mfa_view_recovery_codes",
            "mfa_generate_recovery_codes",
            "mfa_download_recovery_codes",
            "mfa_list_webauthn",
            "mfa_add_webauthn",
            "mfa_edit_webauthn",
            "mfa_remove_webauthn",
            "mfa_reauthenticate_webauthn",
            "usersessions_list",
            "central:home",
            "central:preferences-update",
            "central:access-end",
            "central:address-confirm",
            "account_confirm_email",
        ),
        Who.PERSON,
    )
    | dict.fromkeys(
        (
            "central:application-list",
            "central:application-new",
            "central:application-detail",
            "central:application-secret",
            "central:application-state",
            "central:application-delete",
            "central:person-list",
            "central:person-state",
            "central:person-vouch",
        ),
        Who.ADMIN,
    )
    | dict.fromkeys(
        (
            "idp:oidc:token",
            "idp:oidc:userinfo",
            "idp:oidc:introspect",
            "idp:oidc:revoke",
            "api-user",
            "api-verify",
            "central:invitation-create",
        ),
        Who.CLIENT,
    )
)
