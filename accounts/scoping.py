"""Tenancy: rows that belong to a workspace, and querysets that refuse to forget it.

This is the only tenancy code; `walls.py` builds its other half in the database. A queryset
of a workspace-scoped model runs only after `for_workspace()`, through a row that is itself
scoped, or after `unscoped(reason)`; it finds rows only inside `workspace_transaction()`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self, TypeVar

from django.db import connection, models, transaction

_M_co = TypeVar("_M_co", bound=models.Model, covariant=True)

# What a page looks for is a few dozen rows. The policies make PostgreSQL take joins for
# smaller than they are, and so it takes long walks for worth two more processes and a
# compiler, which alone take longer than the page (docs/adr/0018-prepared-queries.md).
TELL = """
SELECT set_config('app.workspace_id', %s, true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('jit', 'off', true)
"""


class WorkspaceMissing(RuntimeError):
    """A query on tenant rows was about to run without saying whose."""


class ScopedQuerySet(models.QuerySet[_M_co]):
    """A queryset that runs only when it knows its workspace."""

    _scope: str | None = None

    def for_workspace(self, workspace: models.Model | int) -> Self:
        """Keep the rows of one workspace, given as the row or its id."""
        pk = workspace if isinstance(workspace, int) else workspace.pk
        if pk is None:
            raise WorkspaceMissing("the workspace has not been saved")
        return self.filter(workspace_id=pk)._marked(f"workspace {pk}")

    def unscoped(self, reason: str) -> Self:
        """Cross workspaces on purpose. The reason is for the reader of the caller."""
        if not reason:
            raise WorkspaceMissing("unscoped() needs a reason")
        return self.all()._marked(reason)

    def _marked(self, scope: str) -> Self:
        self._scope = scope
        return self

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # private in django-stubs, stable in Django
        clone._scope = self._scope
        return clone

    def _require_scope(self) -> None:
        if self._scope is not None:
            return
        owner = self._hints.get("instance")  # type: ignore[attr-defined]  # set by related managers
        if isinstance(owner, WorkspaceScoped) or _is_workspace(owner):
            return
        raise WorkspaceMissing(
            f"{self.model.__name__} belongs to a workspace: call for_workspace(…) first"
        )

    # Everything below is a way in which a queryset reaches the database.
    def _fetch_all(self) -> None:
        self._require_scope()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        self._require_scope()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._require_scope()
        return super().count()

    def exists(self) -> bool:
        self._require_scope()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._require_scope()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._require_scope()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._require_scope()
        return super().delete()

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        """Called when this queryset becomes a subquery of another one."""
        self._require_scope()
        return super().resolve_expression(*args, **kwargs)


def _is_workspace(owner: object) -> bool:
    return isinstance(owner, models.Model) and owner._meta.label == "accounts.Workspace"


class WorkspaceScoped(models.Model):
    """A tenant row. Its unique constraints and its indexes lead with the workspace.

    So the workspace needs no index of its own, which every insert would pay for.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace",
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )

    objects: ClassVar[models.Manager[Any]] = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True


# Rows of no workspace of ours, which the corridor and the platform's pages look at.
NOBODY = 0
_entered = threading.local()


@contextmanager
def workspace_transaction(
    workspace_id: int, *, durable: bool = False
) -> Iterator[None]:
    """Open a transaction in which the database itself knows the workspace.

    The only place that tells it: without it tenant tables are empty. The setting is
    transaction-local, since a session-level one would leak to the next borrower of the
    pooled connection. Inside another workspace's transaction it is a savepoint, after
    which the outer one is told again; inside the same one it costs only that savepoint.
    """
    before: int | None = getattr(_entered, "workspace_id", None)
    with transaction.atomic(durable=durable):
        if before != workspace_id:
            _tell(workspace_id)
        _entered.workspace_id = workspace_id
        try:
            yield
        finally:
            _entered.workspace_id = before
        # What was rolled back is forgotten by the database itself.
        if before != workspace_id and not connection.needs_rollback:
            _tell(before)


@contextmanager
def inside(workspace_id: int) -> Iterator[None]:
    """As `workspace_transaction`, but at no cost where that very one is open already.

    Then it is no savepoint: what goes wrong is for the outer one to roll back.
    """
    if getattr(_entered, "workspace_id", None) == workspace_id:
        yield
        return
    with workspace_transaction(workspace_id):
        yield


def _tell(workspace_id: int | None) -> None:
    """Nothing is told at the end of the outermost transaction: it ends with the setting."""
    if workspace_id is None and len(connection.savepoint_ids) == 0:
        return
    with connection.cursor() as cursor:
        cursor.execute(TELL, ["" if workspace_id is None else str(workspace_id)])
