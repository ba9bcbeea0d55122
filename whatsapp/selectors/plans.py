"""How PostgreSQL plans what counts over a period, for the rest of a transaction."""

from django.db import connection

# A year is sorted into its groups without files, by several processes, and with a plan made
# for this period: one plan for every period would take each for short.
_ROOM = """
SELECT set_config('work_mem', '32MB', true),
       set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('max_parallel_workers_per_gather', '2', true)
"""


def count_at_length() -> None:
    """To be called inside a transaction, which is the page's."""
    with connection.cursor() as cursor:
        cursor.execute(_ROOM)
