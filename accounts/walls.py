"""Migration operations that build the second and third wall between workspaces.

Room 0; the migrations of every room use them. Wall 2: keys that hold the workspace, so that
a reference across workspaces cannot be stored. Wall 3: row-level security, forced on the
owner too. What must look across workspaces is a function that belongs to a role of its own
and answers with ids (`crossing_function`). See docs/adr/0010-three-walls.md.

A table made later goes through the same operations in the migration that makes it; a foreign
key to a tenant row is added there with `db_constraint=False` and `composite_foreign_key`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from accounts.built import Build, Built
from accounts.planning import AS_ONE
from accounts.roles import Roles, statements

SETTING = "(SELECT nullif(current_setting('app.workspace_id', true), '')::bigint)"
TENANT = "workspace_id"


class RolesMissing(Exception):
    """The owner may not make the roles of this installation; the text has the SQL."""


def roles() -> Operation:
    """The roles, and what the run-time role may do with tables that are there or will be."""

    def grant(editor: BaseDatabaseSchemaEditor, *_: Any) -> list[str]:
        ours = _ensured_roles(editor)
        app, crossing = editor.quote_name(ours.app), editor.quote_name(ours.crossing)
        rows = "SELECT, INSERT, UPDATE, DELETE"
        return [
            f"GRANT USAGE ON SCHEMA public TO {app}, {crossing}",
            f"GRANT {rows} ON ALL TABLES IN SCHEMA public TO {app}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rows} ON TABLES TO {app}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
            f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {app}",
        ]

    def take_back(editor: BaseDatabaseSchemaEditor, *_: Any) -> list[str]:
        ours = _roles(editor)
        app, crossing = editor.quote_name(ours.app), editor.quote_name(ours.crossing)
        return [
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {app}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {app}",
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {app}, {crossing}",
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {app}, {crossing}",
            f"REVOKE ALL ON SCHEMA public FROM {app}, {crossing}",
        ]

    return Built("Make the roles of this installation", grant, take_back)


def composite_key(model: str) -> Operation:
    """`PRIMARY KEY (id, workspace_id)`, and every key that leads to it with the workspace.

    One index as before: look-ups by id use its beginning. It wants every referring table to
    be there, hence the dependencies on the rooms above in the migrations that use it.
    """

    def convert(
        into: Callable[[Callable[[str], str], str], tuple[str, str, str]],
    ) -> Build:
        def build(
            editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
        ) -> list[str]:
            table = _table(state, app_label, model)
            referring = _foreign_keys_to(editor, table)
            quote = editor.quote_name
            with editor.connection.cursor() as cursor:
                cursor.execute(
                    "SELECT conname FROM pg_constraint"
                    " WHERE contype = 'p' AND conrelid = %s::regclass",
                    [table],
                )
                (key,) = cursor.fetchone()
            made = [
                f"ALTER TABLE {quote(source)} DROP CONSTRAINT {quote(name)}"
                for source, name, _ in referring
            ]
            own, _, _ = into(quote, "")
            made.append(
                f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(key)},"
                f" ADD CONSTRAINT {quote(key)} PRIMARY KEY ({own})"
            )
            for source, name, column in referring:
                _, here, there = into(quote, column)
                made.append(
                    f"ALTER TABLE {quote(source)} ADD CONSTRAINT {quote(name)}"
                    f" FOREIGN KEY ({here}) REFERENCES {quote(table)} ({there})"
                    " DEFERRABLE INITIALLY DEFERRED"
                )
            return made

        return build

    return Built(
        f"Give {model} a key with its workspace",
        convert(
            lambda quote, column: (
                f"id, {TENANT}",
                f"{TENANT}, {quote(column)}",
                f"{TENANT}, id",
            )
        ),
        convert(lambda quote, column: ("id", quote(column), "id")),
    )


def composite_foreign_key(model: str, field: str) -> Operation:
    """For a field made later with `db_constraint=False`: a key that holds the workspace."""

    def build(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        table, name, column, target = _reference(editor, state, app_label)
        quote = editor.quote_name
        added = (
            f"ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(name)}"
            f" FOREIGN KEY ({TENANT}, {quote(column)})"
            f" REFERENCES {quote(target)} ({TENANT}, id) DEFERRABLE INITIALLY DEFERRED"
        )
        return [added]

    def undo(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        table, name, _, _ = _reference(editor, state, app_label)
        quote = editor.quote_name
        return [f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(name)}"]

    def _reference(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> tuple[str, str, str, str]:
        source = state.apps.get_model(app_label, model)
        reference = source._meta.get_field(field)
        target = reference.remote_field.model._meta.db_table
        # Cut to what PostgreSQL keeps of a name.
        name = f"{source._meta.db_table}_{reference.column}_tenant"[-63:]
        return source._meta.db_table, name, reference.column, target

    return Built(f"Tie {model}.{field} to one workspace", build, undo)


def police(model: str, *, tenant: str = TENANT) -> Operation:
    """Enable and force row-level security; `tenant` is what names a row's workspace."""
    holds = f"({tenant} = {SETTING})"

    def build(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        table = editor.quote_name(_table(state, app_label, model))
        return [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY tenant ON {table} USING {holds} WITH CHECK {holds}",
            f"ALTER TABLE {table} ALTER COLUMN {TENANT} SET ({AS_ONE})",
        ]

    def undo(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        table = editor.quote_name(_table(state, app_label, model))
        return [
            f"ALTER TABLE {table} ALTER COLUMN {TENANT} RESET (n_distinct)",
            f"DROP POLICY tenant ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ]

    return Built(f"Police {model}", build, undo)


def let_cross(model: str, *privileges: str) -> Operation:
    """What the crossing role may do with a table, such as `SELECT (id, workspace_id)`."""

    def build(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        table = editor.quote_name(_table(state, app_label, model))
        crossing = editor.quote_name(_roles(editor).crossing)
        everything = "USING (true) WITH CHECK (true)"
        return [
            f"CREATE POLICY crossing ON {table} TO {crossing} {everything}",
            f"GRANT {', '.join(privileges)} ON {table} TO {crossing}",
        ]

    def undo(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        table = editor.quote_name(_table(state, app_label, model))
        crossing = editor.quote_name(_roles(editor).crossing)
        return [
            f"REVOKE ALL ON {table} FROM {crossing}",
            f"DROP POLICY crossing ON {table}",
        ]

    return Built(f"Let the crossing functions use {model}", build, undo)


def let_cross_further(model: str, *privileges: str) -> Operation:
    """More of a table that the crossing role may use already, such as a new column."""

    def build(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        table = editor.quote_name(_table(state, app_label, model))
        crossing = editor.quote_name(_roles(editor).crossing)
        return [f"GRANT {', '.join(privileges)} ON {table} TO {crossing}"]

    def undo(
        editor: BaseDatabaseSchemaEditor, state: ProjectState, app_label: str
    ) -> list[str]:
        table = editor.quote_name(_table(state, app_label, model))
        crossing = editor.quote_name(_roles(editor).crossing)
        return [f"REVOKE {', '.join(privileges)} ON {table} FROM {crossing}"]

    return Built(f"Let the crossing functions use more of {model}", build, undo)


def crossing_function(
    signature: str,
    body: str,
    *,
    returns: str,
    volatility: str = "STABLE",
    rows: int | None = None,
) -> Built:
    """A function in SQL that looks across workspaces, run by the run-time role alone.

    `signature` is its name with its arguments' names and types.
    """
    name = signature.partition("(")[0]
    options = f"{volatility} {f'ROWS {rows}' if rows else ''}"

    def build(editor: BaseDatabaseSchemaEditor, *_: Any) -> list[str]:
        made = (
            f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE sql {options}"
            f" SECURITY DEFINER SET search_path = public, pg_temp AS $${body}$$"
        )
        return [made, *_hand_over(editor, name)]

    def undo(editor: BaseDatabaseSchemaEditor, *_: Any) -> list[str]:
        return [f"DROP FUNCTION {name}"]

    return Built(f"Make the crossing function {name}", build, undo)


def undone(made: Built) -> Operation:
    """What an earlier migration made goes, and comes back on the way back."""
    return Built(f"Undo: {made.what}", made.backwards, made.forwards)


def crossing_owner(name: str) -> Operation:
    """A function that was made before belongs to the crossing role from now on."""

    def build(editor: BaseDatabaseSchemaEditor, *_: Any) -> list[str]:
        return _hand_over(editor, name)

    def undo(editor: BaseDatabaseSchemaEditor, *_: Any) -> list[str]:
        return [
            f"ALTER FUNCTION {name} OWNER TO CURRENT_USER",
            f"GRANT EXECUTE ON FUNCTION {name} TO PUBLIC",
        ]

    return Built(f"Hand {name} to the crossing role", build, undo)


def _hand_over(editor: BaseDatabaseSchemaEditor, function: str) -> list[str]:
    ours = _roles(editor)
    app, crossing = editor.quote_name(ours.app), editor.quote_name(ours.crossing)
    return [
        f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {function} TO {app}",
        # Whoever is to own a function must be able to make one, for this moment.
        f"GRANT CREATE ON SCHEMA public TO {crossing}",
        f"ALTER FUNCTION {function} OWNER TO {crossing}",
        f"REVOKE CREATE ON SCHEMA public FROM {crossing}",
    ]


def _roles(editor: BaseDatabaseSchemaEditor) -> Roles:
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return Roles(cursor.fetchone()[0])


def _ensured_roles(editor: BaseDatabaseSchemaEditor) -> Roles:
    """The roles, made where they are missing and the owner may do it."""
    ours = _roles(editor)
    with editor.connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT rolcreaterole OR rolsuper FROM pg_roles
                     WHERE rolname = current_user),
                   (SELECT count(*) FROM pg_roles WHERE rolname IN (%(app)s, %(crossing)s)) = 2
                   AND COALESCE((SELECT pg_has_role(current_user, oid, 'USAGE')
                                   FROM pg_roles WHERE rolname = %(crossing)s), false)
            """,
            {"app": ours.app, "crossing": ours.crossing},
        )
        may_make, are_there = cursor.fetchone()
    needed = [one.as_string() for one in statements(ours.owner)]
    if not are_there:
        if not may_make:
            script = "\n".join(f"{one.strip()};" for one in needed)
            raise RolesMissing(
                f"{ours.owner} may not make the roles {ours.app} and {ours.crossing}. "
                f"Let a superuser run this once, then migrate again:\n{script}"
            )
        for statement in needed:
            editor.execute(statement, params=None)
    return ours


def _table(state: ProjectState, app_label: str, model: str) -> str:
    table: str = state.apps.get_model(app_label, model)._meta.db_table
    return table


def _foreign_keys_to(
    editor: BaseDatabaseSchemaEditor, table: str
) -> Sequence[tuple[str, str, str]]:
    """(table, constraint, column) of every foreign key that leads to a table's id."""
    with editor.connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT source.relname, key.conname, given.attname
              FROM pg_constraint key
              JOIN pg_class source ON source.oid = key.conrelid
              JOIN LATERAL unnest(key.conkey) AS part(number) ON true
              JOIN pg_attribute given
                ON given.attrelid = key.conrelid AND given.attnum = part.number
             WHERE key.contype = 'f' AND key.confrelid = %s::regclass
               AND given.attname <> %s
             ORDER BY 1, 2
            """,
            [table, TENANT],
        )
        rows: list[tuple[str, str, str]] = cursor.fetchall()
    return rows
