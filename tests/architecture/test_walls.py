"""The catalogue of the walls: what PostgreSQL itself says of every tenant table."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from accounts.roles import Roles
from accounts.scoping import WorkspaceScoped
from accounts.walls import SETTING
from tests.architecture import crossing
from webhooks.models import RawWebhook

TENANT_MODELS: list[type[Model]] = [
    model for model in apps.get_models() if issubclass(model, WorkspaceScoped)
]
POLICED: list[type[Model]] = [*TENANT_MODELS, RawWebhook]
# Unique across workspaces on purpose: what comes from outside names one row of all.
GLOBAL_NAMES = {"key", "digest", "slug", "token_hash"}

pytestmark = pytest.mark.django_db


def rows(query, **parameters):
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def name_of(model):
    return model._meta.label


@pytest.fixture
def roles():
    return Roles(connection.settings_dict["USER"])


@pytest.mark.parametrize("model", POLICED, ids=name_of)
def test_every_tenant_table_forces_row_level_security(model):
    assert rows(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE oid = %(table)s::regclass",
        table=model._meta.db_table,
    ) == [(True, True)]


@pytest.mark.parametrize("model", POLICED, ids=name_of)
def test_a_workspace_unknown_to_the_planner_counts_as_the_largest(model):
    assert rows(
        "SELECT 'n_distinct=1' = ANY (attoptions) FROM pg_attribute"
        " WHERE attrelid = %(table)s::regclass AND attname = 'workspace_id'",
        table=model._meta.db_table,
    ) == [(True,)]


@pytest.mark.parametrize("model", POLICED, ids=name_of)
def test_its_policies_are_the_tenants_and_the_crossing_roles(model, roles):
    """`tests` is there in test databases alone, for the owner; see tests/walls.py."""
    told = rows(
        """
        SELECT policyname, permissive, roles::text[], cmd, qual, with_check
          FROM pg_policies WHERE tablename = %(table)s ORDER BY policyname
        """,
        table=model._meta.db_table,
    )
    policies = {name: rest for name, *rest in told}

    permissive, whom, command, using, check = policies.pop("tenant")
    assert (permissive, whom, command) == ("PERMISSIVE", ["public"], "ALL")
    assert using == check
    assert using == _as_postgres_writes(model)
    assert policies.pop("tests")[1] == [roles.owner]
    if policies:
        assert policies == {
            "crossing": ["PERMISSIVE", [roles.crossing], "ALL", "true", "true"]
        }


def _as_postgres_writes(model):
    """The policy's text after a round trip, from a table that is thrown away."""
    tenant = "workspace_id" if model is not RawWebhook else "COALESCE(workspace_id, 0)"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE said (workspace_id bigint) ON COMMIT DROP")
        cursor.execute(f"CREATE POLICY one ON said USING ({tenant} = {SETTING})")
        cursor.execute("SELECT qual FROM pg_policies WHERE tablename = 'said'")
        (text,) = cursor.fetchone()
        cursor.execute("DROP TABLE said")
    return text


@pytest.mark.parametrize("model", TENANT_MODELS, ids=name_of)
def test_a_tenant_row_always_has_a_workspace(model):
    assert rows(
        "SELECT attnotnull FROM pg_attribute"
        " WHERE attrelid = %(table)s::regclass AND attname = 'workspace_id'",
        table=model._meta.db_table,
    ) == [(True,)]


def test_no_table_names_a_workspace_without_being_policed():
    named = rows(
        """
        SELECT relation.relname FROM pg_class relation
          JOIN pg_attribute given ON given.attrelid = relation.oid
         WHERE relation.relnamespace = 'public'::regnamespace
           AND relation.relkind IN ('r', 'p') AND given.attname = 'workspace_id'
           AND NOT given.attisdropped
        """
    )

    assert {name for (name,) in named} == {model._meta.db_table for model in POLICED}


def test_every_key_between_tenant_tables_holds_the_workspace():
    tables = [model._meta.db_table for model in POLICED]
    keys = rows(
        """
        SELECT source.relname, key.conname, target.relname,
               ARRAY(SELECT attname::text FROM unnest(key.conkey) number
                      JOIN pg_attribute ON attrelid = key.conrelid AND attnum = number),
               ARRAY(SELECT attname::text FROM unnest(key.confkey) number
                      JOIN pg_attribute ON attrelid = key.confrelid AND attnum = number)
          FROM pg_constraint key
          JOIN pg_class source ON source.oid = key.conrelid
          JOIN pg_class target ON target.oid = key.confrelid
         WHERE key.contype = 'f' AND source.relname = ANY (%(tables)s)
           AND target.relname = ANY (%(tables)s)
        """,
        tables=tables,
    )

    assert len(keys) > 30
    simple = [
        f"{source}.{name}"
        for source, name, _, here, there in keys
        if "workspace_id" not in here or "workspace_id" not in there
    ]
    assert simple == []


@pytest.mark.parametrize("model", POLICED, ids=name_of)
def test_every_field_that_refers_to_a_tenant_row_has_such_a_key(model):
    """The catalogue shows what is wrong, not what was never made."""
    referring = {
        field.column
        for field in model._meta.concrete_fields
        if field.is_relation and issubclass(field.related_model, WorkspaceScoped)
    }
    keyed = rows(
        """
        SELECT attname FROM pg_constraint
          JOIN LATERAL unnest(conkey) AS part(number) ON true
          JOIN pg_attribute ON attrelid = conrelid AND attnum = number
         WHERE contype = 'f' AND conrelid = %(table)s::regclass AND cardinality(conkey) = 2
        """,
        table=model._meta.db_table,
    )

    assert referring <= {name for (name,) in keyed}


@pytest.mark.parametrize("model", TENANT_MODELS, ids=name_of)
def test_unique_names_of_a_workspace_lead_with_it(model):
    """Another workspace's row must neither be in the way nor be guessed from a refusal."""
    unique = rows(
        """
        SELECT relation.relname,
               ARRAY(SELECT attname::text FROM unnest(key.indkey) WITH ORDINALITY AS part(number, place)
                      JOIN pg_attribute ON attrelid = key.indrelid AND attnum = number
                     ORDER BY place)
          FROM pg_index key JOIN pg_class relation ON relation.oid = key.indexrelid
         WHERE key.indisunique AND NOT key.indisprimary
           AND key.indrelid = %(table)s::regclass
        """,
        table=model._meta.db_table,
    )
    # A column that refers to a tenant row holds the workspace already.
    tied = {
        field.column
        for field in model._meta.concrete_fields
        if field.is_relation and issubclass(field.related_model, WorkspaceScoped)
    }

    for name, columns in unique:
        leads = {"workspace_id", *tied} & set(columns)
        is_routing = name.endswith("_live_once")
        assert leads or set(columns) <= GLOBAL_NAMES or is_routing, (name, columns)


def test_the_run_time_role_owns_nothing_and_may_not_truncate(roles):
    assert rows(
        """
        SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles
         WHERE rolname = %(app)s
        """,
        app=roles.app,
    ) == [(False, False, False, False)]
    assert not rows(
        "SELECT relname FROM pg_class WHERE relowner = %(app)s::regrole", app=roles.app
    )
    assert not rows(
        "SELECT proname FROM pg_proc WHERE proowner = %(app)s::regrole", app=roles.app
    )
    may = rows(
        """
        SELECT relname, has_table_privilege(%(app)s, oid, 'TRUNCATE'),
               has_table_privilege(%(app)s, oid, 'REFERENCES'),
               has_table_privilege(%(app)s, oid, 'TRIGGER')
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        """,
        app=roles.app,
    )
    assert [name for name, *rest in may if any(rest)] == []
    assert not rows(
        "SELECT WHERE has_schema_privilege(%(app)s, 'public', 'CREATE')", app=roles.app
    )
    assert not rows(
        "SELECT WHERE pg_has_role(%(app)s, %(owner)s, 'MEMBER')"
        " OR pg_has_role(%(app)s, %(crossing)s, 'MEMBER')",
        app=roles.app,
        owner=roles.owner,
        crossing=roles.crossing,
    )


def test_the_run_time_role_may_read_but_not_write_the_list_of_migrations(roles):
    assert rows(
        """
        SELECT has_table_privilege(%(app)s, 'django_migrations', 'SELECT'),
               has_table_privilege(%(app)s, 'django_migrations', 'INSERT, UPDATE, DELETE')
        """,
        app=roles.app,
    ) == [(True, False)]


def test_every_function_that_crosses_is_fixed_closed_and_the_crossing_roles(roles):
    functions = rows(
        """
        SELECT proname, pg_get_userbyid(proowner), proconfig,
               has_function_privilege('public', oid, 'EXECUTE'),
               has_function_privilege(%(app)s, oid, 'EXECUTE')
          FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
        """,
        app=roles.app,
    )

    assert len(functions) >= 15
    for name, owner, config, is_public, is_ours in functions:
        assert owner == roles.crossing, name
        path, *others = config
        assert path == "search_path=public, pg_temp", name
        # How it plans shows nothing to anybody.
        assert set(others) <= {"enable_sort=off", "jit=off"}, name
        assert (is_public, is_ours) == (False, True), name


def test_the_functions_that_cross_give_back_what_is_written_down_for_them():
    told = rows(
        """
        SELECT proname::text, pg_get_function_result(oid) FROM pg_proc
         WHERE prosecdef AND pronamespace = 'public'::regnamespace
        """
    )

    assert dict(told) == crossing.RESULTS
    assert len(told) == len(crossing.RESULTS)  # none has another one of its name


def test_what_they_give_back_is_ids_states_counts_and_moments():
    kinds = {"bigint", "boolean", "double precision", "timestamp with time zone"}
    given = [
        part.split(" ", 1)
        for result in crossing.RESULTS.values()
        if result.startswith("TABLE(")
        for part in result.removeprefix("TABLE(").removesuffix(")").split(", ")
    ]

    assert {kind for _, kind in given} <= kinds | {"text"}
    assert {name for name, kind in given if kind == "text"} <= crossing.WORDS
    plain = {one for one in crossing.RESULTS.values() if not one.startswith("TABLE(")}
    assert plain <= {"SETOF bigint", "bigint", "boolean", "void"}


def test_the_crossing_role_cannot_sign_in_and_reads_only_columns_that_are_classified(
    roles,
):
    assert rows(
        "SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles"
        " WHERE rolname = %(crossing)s",
        crossing=roles.crossing,
    ) == [(False, False, False)]
    readable = rows(
        """
        SELECT relation.relname::text, given.attname::text FROM pg_class relation
          JOIN pg_attribute given ON given.attrelid = relation.oid
         WHERE relation.relnamespace = 'public'::regnamespace
           AND relation.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND given.attnum > 0 AND NOT given.attisdropped
           AND has_column_privilege(%(crossing)s, relation.oid, given.attnum, 'SELECT')
        """,
        crossing=roles.crossing,
    )

    assert set(readable) == crossing.COLUMNS
