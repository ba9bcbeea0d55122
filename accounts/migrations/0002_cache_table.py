"""The table of Django's database cache, so that `migrate` alone makes a usable database."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="""
            CREATE TABLE IF NOT EXISTS django_cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX IF NOT EXISTS django_cache_expires ON django_cache (expires);
            """,
            reverse_sql="DROP TABLE django_cache",
        )
    ]
