"""A session engine whose database is away."""

from django.contrib.sessions.backends.base import SessionBase
from django.db import OperationalError


class SessionStore(SessionBase):
    def load(self):
        raise OperationalError("the server is gone")
