"""Every migration of ours forwards, backwards and forwards again, in a database of its own.

`python -m tests.architecture.steps`, with DATABASE_URL an owner's address of an empty
database. Rows of many kinds are there on the way back, since a step that works on empty
tables may still fail on full ones. Prints what was found as JSON. A process of its own:
migrations of ours speak to the connection named `default`.
"""

import json
import os
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from psycopg import sql

BEFORE_WALLS = "0005"  # the walls of all rooms go back with those of the lowest
# What a migration of ours makes, as the catalogue describes it; one line each.
_SHAPE = """
SELECT 'column ' || attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod)
       || CASE WHEN attnotnull THEN ' not null' ELSE '' END
       || COALESCE(' default ' || pg_get_expr(adbin, adrelid), '')
  FROM pg_attribute
  JOIN pg_class ON pg_class.oid = attrelid AND relkind IN ('r', 'v', 'p')
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'policy ' || polrelid::regclass || ' ' || polname || ' '
       || COALESCE(pg_get_expr(polqual, polrelid), '')
  FROM pg_policy WHERE polname <> 'tests'
UNION ALL
SELECT 'security ' || oid::regclass || ' ' || relrowsecurity || ' ' || relforcerowsecurity
       || ' ' || COALESCE(array_to_string(reloptions, ' '), '')
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL
SELECT 'rights on ' || oid::regclass || ' ' || acl
  FROM pg_class, unnest(relacl::text[]) acl WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'rights on ' || attrelid::regclass || '.' || attname || ' ' || acl
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, unnest(attacl::text[]) acl
 WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped
UNION ALL
SELECT 'rights by default ' || defaclobjtype::text || ' ' || acl
  FROM pg_default_acl, unnest(defaclacl::text[]) acl
UNION ALL
SELECT 'rights on schema ' || acl FROM pg_namespace, unnest(nspacl::text[]) acl
 WHERE nspname = 'public'
UNION ALL
SELECT 'function ' || proowner::regrole || ' ' || pg_get_functiondef(oid) || ' '
       || COALESCE(proacl::text, '')
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
 ORDER BY 1
"""


def shape() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_SHAPE)
        return [line for (line,) in cursor.fetchall()]


def main() -> None:
    django.setup()
    from tests import walls  # after Django is set up
    from tests.browser import house

    found: dict[str, Any] = {}
    call_command("migrate", verbosity=0)
    found["made"] = shape()
    walls.let_owner_see(os.environ["DATABASE_URL"])
    house.build()
    found["rows"] = _count_rows()
    call_command("migrate", "accounts", BEFORE_WALLS, verbosity=0)
    found["older than the walls"] = list(_count_rows())
    call_command("migrate", verbosity=0)
    found["made after the walls went and came"] = shape()
    found["rows kept"] = _count_rows()
    call_command("migrate", "accounts", "zero", verbosity=0)
    found["left"] = shape()
    call_command("migrate", verbosity=0)
    found["made again"] = shape()
    print(json.dumps(found))  # the answer


def _count_rows() -> dict[str, int]:
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            asked = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            cursor.execute(asked.as_string())
            found[table] = int(cursor.fetchone()[0])
    return found


if __name__ == "__main__":
    main()
