"""Ways in: the installation, one's account, signed links, visitors."""

from tests.architecture.addresses.kinds import (
    AWAY,
    FILLED_IN,
    NOT_THERE,
    READ,
    SHOWN,
    Address,
    Who,
    always,
    anybodys,
    personal,
)

ADDRESSES: dict[str, Address] = {
    # The installation.
    "healthz": anybodys(READ),
    "readyz": anybodys(READ),
    "metrics": anybodys(READ),
    "design": Address(
        who=Who.PERSON,
        answers=READ,
        others={"staff": NOT_THERE},  # it shows itself in a workspace of the reader
    ),
    "help:index": personal(READ),
    "help:page": personal(READ, page="connect"),
    # One's own account.
    "accounts:home": Address(
        who=Who.PERSON,
        answers=AWAY,
        others={"staff": READ},  # in no workspace, so there is nowhere to go
    ),
    "accounts:preferences-update": personal({"POST": 302}),
    "accounts:session-list": personal(READ),
    "accounts:session-end": Address(
        who=Who.PERSON, answers={"POST": 302}, bodies=({"key": "{session}"},)
    ),
    "account_set_password": personal(AWAY),
    "account_reauthenticate": personal(FILLED_IN),
    "account_email": personal({**FILLED_IN, "POST": 302, "PUT": 302}),
    "account_change_password": personal(FILLED_IN),
    # One's second factor; most of it asks for the password once more, or has nothing yet.
    "mfa_index": personal(SHOWN),
    "mfa_list_webauthn": personal(SHOWN),
    "mfa_authenticate": anybodys(always(302)),  # only in the middle of signing in
    "mfa_view_recovery_codes": personal({**NOT_THERE, "OPTIONS": 200}),
    "mfa_deactivate_totp": personal(always(404)),
    "mfa_download_recovery_codes": personal(always(404)),
    "mfa_reauthenticate": personal(always(302)),
    "mfa_reauthenticate_webauthn": personal(always(302)),
    "mfa_activate_totp": personal(always(302)),
    "mfa_generate_recovery_codes": personal(always(302)),
    "mfa_add_webauthn": personal(always(302)),
    "mfa_remove_webauthn": personal(always(302), pk="1"),
    "mfa_edit_webauthn": personal(always(302), pk="1"),
    # The door.
    "account_login": anybodys(FILLED_IN, always(302)),
    "account_logout": anybodys(
        {**AWAY, "POST": 302, "OPTIONS": 200}, {**SHOWN, "POST": 302}
    ),
    "account_signup": anybodys(always(200), always(302)),  # closed
    "account_inactive": anybodys(SHOWN),
    "account_email_verification_sent": anybodys(SHOWN),
    "account_confirm_email": anybodys({**SHOWN, "POST": 404}, key="inexistente"),
    "account_confirm_login_code": anybodys(always(302)),
    "account_reset_password": anybodys(FILLED_IN),
    "account_reset_password_done": anybodys(SHOWN),
    "account_reset_password_from_key": anybodys(
        always(200),
        uidb36="nobody",  # of a person allauth notes the address at this, unproven
        key="abc-def",
    ),
    "account_reset_password_from_key_done": anybodys(SHOWN),
    "sso_login": anybodys({"POST": 404}),  # this installation has no identity server
    "sso_callback": anybodys({"GET": 404}),
    # Whoever holds the secret in them: it is what lets in, whosever the workspace is.
    "accounts:invitation": anybodys(
        {**NOT_THERE, "POST": 302}, {**NOT_THERE, "POST": 404}, token="inexistente"
    ),
    "accounts:invitation-account": anybodys({"POST": 404}, token="inexistente"),
    # Visitors of a link: whose it is does not matter.
    "whatsapp-public:link-follow": Address(
        who=Who.ANYBODY,
        answers=AWAY,
        path={"slug": "link_slug"},
        leaves="whatsapp_touch",
    ),
    # Providers, by a signed link that says which file it is.
    "whatsapp-files:file-linked": anybodys(NOT_THERE, token="inexistente"),
    # The sandbox's gateway knows numbers by their keys, and its codes lead members on.
    "sandbox:gateway": anybodys(
        {"GET": 401, "POST": 401, "DELETE": 401}, number="5511900000099"
    ),
    "sandbox:messages": anybodys({"POST": 401}, number="5511900000099"),
    "sandbox:read": anybodys({"POST": 401}, number="5511900000099"),
    "sandbox:upload": anybodys({"POST": 401}, number="5511900000099"),
    "sandbox:file": anybodys(
        {"GET": 401}, number="5511900000099", media_id="m-1", kind="image"
    ),
    "sandbox:templates": anybodys({"GET": 401, "POST": 401}, number="5511900000099"),
    "sandbox:template": anybodys(
        {"POST": 401, "DELETE": 401}, number="5511900000099", which="pedido"
    ),
    "sandbox:webhook": anybodys({"GET": 401, "POST": 401}, number="5511900000099"),
    "sandbox:phone": Address(
        who=Who.PERSON,
        answers=AWAY,
        others={"stranger": NOT_THERE, "staff": NOT_THERE},
        path={"key": "phone"},
        queries=("code={email}",),
    ),
}
