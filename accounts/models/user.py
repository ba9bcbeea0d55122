"""A person who signs in. Their rights come from memberships, never from this row."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import emails


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=emails.normal(username or ""))


class User(AbstractBaseUser):
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    oauth_issuer = models.CharField(max_length=255, null=True, blank=True)
    oauth_id = models.CharField(max_length=255, null=True, blank=True, db_index=True)
    language = models.CharField(max_length=10, blank=True)
    theme = models.CharField(
        max_length=5, blank=True, choices=[("light", "light"), ("dark", "dark")]
    )
    is_active = models.BooleanField(default=True)
    is_platform_admin = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower"
            ),
            models.UniqueConstraint(
                fields=["oauth_issuer", "oauth_id"], name="user_oauth_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(oauth_issuer__isnull=True, oauth_id__isnull=True)
                | models.Q(oauth_issuer__isnull=False, oauth_id__isnull=False),
                name="user_oauth_pair",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def may_use_password(self) -> bool:
        """Whether one of theirs lets them in here, and a second factor is asked beside it."""
        return bool(settings.PASSWORD_SIGNIN) and self.has_usable_password()
