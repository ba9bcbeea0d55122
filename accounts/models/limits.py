"""How often something was tried. No tenant's row: who tries is not known yet."""

from django.db import models


class RateCounter(models.Model):
    """One subject of one limit. The digest is keyed: no address or e-mail rests here."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    scope = models.CharField(max_length=40)
    count = models.BigIntegerField()
    window_ends_at = models.DateTimeField()
    strikes = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    forget_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["forget_at"], name="rate_counter_forget")]

    def __str__(self) -> str:
        return f"{self.scope} {self.count}"
