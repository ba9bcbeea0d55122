"""Django's `migrate`, as the owner of the tables; see DATABASE_OWNER_URL."""

from typing import Any

from django.core.management.commands import migrate

from config import database


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        database.become_owner()
        return super().execute(*args, **options)
