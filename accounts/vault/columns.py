"""The columns in which sealed secrets rest, so that rotation and proof miss none.

Room 0, the vault. A literal table: the models of the rooms above are found by their table
name when they are needed, so that this room imports none of them. `seal()` refuses a
column that is not listed, since its secrets would be left behind by a rotation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from accounts.vault.cipher import SecretContext


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column, and from which of its row's columns the rest of the context is read."""

    name: str  # table.column
    purpose: str
    field: str = ""
    integration_id_from: str = ""
    version_from: str = ""
    field_from: str = ""
    is_installation: bool = False  # its rows belong to no workspace

    @property
    def column(self) -> str:
        return self.name.partition(".")[2]

    def model(self) -> type[models.Model]:
        table = self.name.partition(".")[0]
        for model in apps.get_models():
            if model._meta.db_table == table:
                return model
        raise LookupError(f"no model has the table {table}")

    def rows(self) -> "models.QuerySet[Any]":
        if self.is_installation:
            all_rows: models.QuerySet[Any] = self.model().objects.all()  # type: ignore[attr-defined]  # ours have it
            return all_rows
        queryset: models.QuerySet[Any] = self.model().objects.unscoped(  # type: ignore[attr-defined]  # tenant rows have it
            "the vault's own upkeep crosses workspaces"
        )
        return queryset

    def context(self, row: dict[str, Any]) -> SecretContext:
        return SecretContext(
            purpose=self.purpose,
            column=self.name,
            workspace_id=0 if self.is_installation else row["workspace_id"],
            integration_id=row[self.integration_id_from]
            if self.integration_id_from
            else 0,
            field=str(row[self.field_from]) if self.field_from else self.field,
            secret_version=row[self.version_from] if self.version_from else 1,
        )

    def context_from(self) -> set[str]:
        """The columns besides its own that tell where a secret belongs."""
        names = {self.integration_id_from, self.version_from, self.field_from} - {""}
        return names if self.is_installation else names | {"workspace_id"}

    def iterate(self, *, batch: int) -> Iterator[dict[str, Any]]:
        """Every row that holds a secret, as its columns, read `batch` rows at a time."""
        names = {"id", self.column} | self.context_from()
        filled = self.rows().exclude(**{self.column: ""}).order_by("id")
        last = 0
        while chunk := list(filled.filter(id__gt=last).values(*names)[:batch]):
            yield from chunk
            last = chunk[-1]["id"]


SEALED_COLUMNS = (
    SealedColumn(
        "integrations_integration.credentials",
        purpose="integration-credentials",
        integration_id_from="id",
        version_from="secret_version",
    ),
    *(
        SealedColumn(
            f"accounts_oauthgrant.{name}",
            purpose=purpose,
            field_from="key",
            is_installation=True,
        )
        for name, purpose in (
            ("access", "oauth-access-token"),
            ("refresh", "oauth-refresh-token"),
            ("id_token", "oauth-id-token"),
        )
    ),
)


def require_sealed_column(name: str) -> None:
    if all(column.name != name for column in SEALED_COLUMNS):
        raise LookupError(f"{name} is not in accounts.vault.columns.SEALED_COLUMNS")
