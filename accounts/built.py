"""A migration operation on the database alone: SQL, and the SQL that undoes it.

Room 0; the operations of walls.py and planning.py are made of it.
"""

from collections.abc import Callable

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

Build = Callable[[BaseDatabaseSchemaEditor, ProjectState, str], list[str]]


class Built(Operation):
    """An operation on the database alone: Django's state of the models stays."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, what: str, forwards: Build, backwards: Build) -> None:
        self.what = what
        self.forwards = forwards
        self.backwards = backwards

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        return

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _run(self.forwards, schema_editor, from_state, app_label)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _run(self.backwards, schema_editor, from_state, app_label)

    def describe(self) -> str:
        return self.what


def _run(
    build: Build,
    schema_editor: BaseDatabaseSchemaEditor,
    state: ProjectState,
    app_label: str,
) -> None:
    if not settings.HAS_WALLS:
        return
    for statement in build(schema_editor, state, app_label):
        schema_editor.execute(statement, params=None)
