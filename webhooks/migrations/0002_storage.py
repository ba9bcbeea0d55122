"""How PostgreSQL stores raw webhooks: rows are rewritten three times, then never again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="""
            ALTER TABLE webhooks_rawwebhook SET (
                autovacuum_vacuum_scale_factor = 0.02,
                autovacuum_vacuum_threshold = 2000,
                autovacuum_analyze_scale_factor = 0.05
            );
            """,
            reverse_sql="""
            ALTER TABLE webhooks_rawwebhook RESET (
                autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
                autovacuum_analyze_scale_factor
            );
            """,
        )
    ]
