"""Pytest plug-in: PostgreSQL and Redis for the suite, started when none is set."""
