"""The vault's figure: microseconds to seal and open one credential, its data key at hand.

Run by `make bench`, or alone: `python -m tests.bench.vault` with DATABASE_URL set.
"""

import secrets
import statistics
import time

ROUNDS = 2000
CREDENTIALS = {
    "phone_number": "+5511999990000",
    "phone_number_id": "106540352242922",
    "waba_id": "102290129340398",
    "access_token": "E" * 200,
    "app_secret": "a" * 32,
    "verify_token": "v" * 32,
}


def seal_and_unseal() -> float:
    """The median of one `seal_json` and one `unseal_json`, on a workspace of its own."""
    from accounts import vault
    from accounts.models import Workspace

    name = f"bench-{secrets.token_hex(8)}"
    workspace = Workspace.objects.create(slug=name, name=name)
    context = vault.SecretContext(
        purpose="integration-credentials",
        column="integrations_integration.credentials",
        workspace_id=workspace.pk,
        integration_id=1,
    )
    taken = []
    try:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            sealed = vault.seal_json(CREDENTIALS, context)
            value = vault.unseal_json(sealed, context)
            taken.append(time.perf_counter() - start)
            if value != CREDENTIALS:
                raise AssertionError("the vault gave back something else")
    finally:
        workspace.delete()
    return statistics.median(taken) * 1e6


if __name__ == "__main__":
    import django

    django.setup()
    print(f"{seal_and_unseal():.1f} µs")
