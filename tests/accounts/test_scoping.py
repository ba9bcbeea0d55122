import pytest

from accounts.models import Membership
from accounts.scoping import WorkspaceMissing

READS = {
    "iterate": list,
    "count": lambda queryset: queryset.count(),
    "exists": lambda queryset: queryset.exists(),
    "first": lambda queryset: queryset.first(),
    "aggregate": lambda queryset: queryset.aggregate(),
    "update": lambda queryset: queryset.update(role="viewer"),
    "delete": lambda queryset: queryset.delete(),
    "iterator": lambda queryset: list(queryset.iterator()),
    "values": lambda queryset: list(queryset.values("role")),
    "get": lambda queryset: queryset.get(pk=1),
    "in_bulk": lambda queryset: queryset.in_bulk([1]),
    "subquery": lambda queryset: list(
        Membership.objects.unscoped("test").filter(pk__in=queryset)
    ),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_query_without_a_workspace_refuses_to_run(world, read):
    with pytest.raises(WorkspaceMissing):
        read(Membership.objects.all())


def test_for_workspace_keeps_only_its_rows(world):
    emails = {
        membership.user.email
        for membership in Membership.objects.for_workspace(world.other_workspace)
    }

    assert emails == {"outsider@example.com"}


def test_rows_of_a_workspace_are_reached_through_it(world):
    assert world.workspace.memberships.count() == 2


def test_a_scope_survives_further_filters(world):
    members = Membership.objects.for_workspace(world.workspace.pk).filter(role="agent")

    assert [member.user for member in members.order_by("pk")] == [world.agent]
