"""How PostgreSQL plans for a workspace that it does not know: as for the largest there is."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from accounts.built import Built

# A workspace that PostgreSQL does not know while it plans (a policy's, or a prepared query's)
# would be taken for one of hundreds, each table of a join a hundredth of its size again. So
# it is taken for the largest there is: docs/adr/0018-prepared-queries.md.
AS_ONE = "n_distinct = 1"
_COLUMN = "workspace_id"


def plan_for_the_largest() -> Operation:
    """For what a room has so far: `walls.police` says it of every table made later."""

    def tables(state: ProjectState, app_label: str) -> list[str]:
        models = state.apps.get_app_config(app_label).get_models()
        return sorted(
            model._meta.db_table
            for model in models
            if any(field.column == _COLUMN for field in model._meta.local_fields)
        )

    def build(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        return [
            statement
            for table in map(editor.quote_name, tables(state, app_label))
            for statement in (
                f"ALTER TABLE {table} ALTER COLUMN {_COLUMN} SET ({AS_ONE})",
                f"ANALYZE {table}",  # it counts from then on
            )
        ]

    def undo(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        return [
            f"ALTER TABLE {table} ALTER COLUMN {_COLUMN} RESET (n_distinct)"
            for table in map(editor.quote_name, tables(state, app_label))
        ]

    return Built("Plan for the largest workspace", build, undo)
