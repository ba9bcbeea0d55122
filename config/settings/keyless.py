"""For `vault_genkey` alone: it makes a setting, so it runs before any is set.

`manage.py` chooses this module for that command. No database, no key, no other room.
"""

INSTALLED_APPS = ["accounts", "django.contrib.auth", "django.contrib.contenttypes"]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
