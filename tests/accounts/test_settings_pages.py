"""The pages of the settings: who may open which, what they save, what they ask first."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts import settings_pages
from accounts.models import AuditEvent, Membership, Workspace
from accounts.services import onboarding, workspaces
from integrations.models import ChannelLog
from integrations.services import channel_logs
from integrations.tasks import prune_channel_logs
from tests.factories import accounts as make
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make_talk

SETTINGS = "/w/padaria/settings/"
WORKSPACE = f"{SETTINGS}workspace/"
MEMBERS = f"{SETTINGS}members/"
KEPT = {
    "name": "Padaria",
    "time_zone": "America/Sao_Paulo",
    "language": "pt-br",
    "raw_webhook_days": "30",
    "channel_log_days": "14",
}


def _member(world, user):
    return Membership.objects.for_workspace(world.workspace).get(user=user)


def _entries(world, action):
    return list(AuditEvent.objects.for_workspace(world.workspace).filter(action=action))


@pytest.fixture
def by_role(world, signed_in):
    """A signed-in client for a member of this role."""

    def sign_in(role):
        person = make.user(email=f"{role}@padaria.example.com")
        make.membership(world.workspace, person, role=role)
        return signed_in(person)

    return sign_in


# --- the menu -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("owner", ["workspace", "members", "applications", "audit"]),
        ("admin", ["workspace", "members", "applications", "audit"]),
        ("agent", ["members"]),
        ("viewer", ["members"]),
    ],
)
def test_the_menu_shows_what_a_role_may_open_and_nothing_else(by_role, role, shown):
    client = by_role(role)

    for address in (SETTINGS, MEMBERS):
        html = client.get(address).content.decode()
        for name in ("workspace", "members", "applications", "audit"):
            assert (f'href="{SETTINGS}{name}/"' in html) == (name in shown)
    for name in ("workspace", "members", "applications", "audit"):
        expected = 200 if name in shown else 403
        assert client.get(f"{SETTINGS}{name}/").status_code == expected


def test_every_entry_of_the_menu_asks_for_what_its_page_asks_for(world):
    from django.urls import resolve, reverse

    for page in settings_pages.PAGES:
        address = reverse(page.name, kwargs={"workspace_slug": "padaria"})
        assert resolve(address).func.__dict__["required_action"] == page.action
        assert page.name.startswith(page.family)


def test_the_page_one_is_on_is_marked_in_the_menu(world, signed_in):
    client = signed_in(world.owner)

    here = client.get(MEMBERS).content.decode()
    beside = client.get(f"{MEMBERS}invite/").content.decode()

    assert f'href="{MEMBERS}" aria-current="page"' in here
    assert f'href="{MEMBERS}" aria-current="true"' in beside


def test_the_settings_are_reached_from_every_page(world, signed_in):
    html = signed_in(world.agent).get("/w/padaria/leads/").content.decode()

    assert html.count(f'href="{SETTINGS}"') == 2  # the navigation, the workspace's menu


# --- the workspace --------------------------------------------------------------
def test_changes_are_saved_and_audited_with_what_was_before(world, signed_in):
    sent = KEPT | {"name": "Padaria Central", "time_zone": "america/new york"}

    done = signed_in(world.owner).post(WORKSPACE, sent, follow=True)

    world.workspace.refresh_from_db()
    (entry,) = _entries(world, "workspace.changed")
    assert "Salvo." in done.content.decode()
    assert world.workspace.time_zone == "America/New_York"
    assert entry.details == {
        "changes": {
            "name": {"old": "Padaria", "new": "Padaria Central"},
            "time_zone": {"old": "America/Sao_Paulo", "new": "America/New_York"},
        }
    }


def test_what_is_not_different_is_not_audited(world, signed_in):
    signed_in(world.owner).post(WORKSPACE, KEPT)

    assert _entries(world, "workspace.changed") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"language": "fr"}, "language"),
        ({"raw_webhook_days": "0"}, "raw_webhook_days"),
        ({"raw_webhook_days": "366"}, "raw_webhook_days"),
        ({"channel_log_days": "-1"}, "channel_log_days"),
        ({"channel_log_days": "1e3"}, "channel_log_days"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_saves_nothing(
    world, signed_in, change, field
):
    page = signed_in(world.owner).post(WORKSPACE, KEPT | change | {"confirmed": "1"})

    world.workspace.refresh_from_db()
    assert page.status_code == 200
    assert f'id="id_{field}_error"' in page.content.decode()
    assert world.workspace.name == "Padaria"
    assert world.workspace.raw_webhook_days == 30


def test_the_service_checks_what_a_form_would(world):
    values = workspaces.Settings.of(world.workspace)
    for wrong in ({"raw_webhook_days": 0}, {"time_zone": "Mars/Olympus"}):
        wanted = workspaces.Settings(
            **{name: getattr(values, name) for name in values.__slots__} | wrong
        )
        with pytest.raises(onboarding.WorkspaceInvalid):
            workspaces.change(
                world.workspace, wanted, actor=world.owner, now=timezone.now()
            )

    assert Workspace.objects.get(pk=world.workspace.pk).raw_webhook_days == 30


def test_keeping_less_says_what_goes_and_asks_first(world, signed_in):
    client = signed_in(world.owner)
    less = KEPT | {"raw_webhook_days": "7", "name": "Outra"}

    asked = client.post(WORKSPACE, less)
    world.workspace.refresh_from_db()
    assert "Apagar o que é mais antigo?" in asked.content.decode()
    zone = ZoneInfo("America/Sao_Paulo")
    day = timezone.localtime(timezone.now() - timedelta(days=7), zone)
    assert f"{day:%d/%m/%Y}" in asked.content.decode()
    assert (world.workspace.raw_webhook_days, world.workspace.name) == (30, "Padaria")
    client.post(WORKSPACE, less | {"confirmed": "1"})

    world.workspace.refresh_from_db()
    assert (world.workspace.raw_webhook_days, world.workspace.name) == (7, "Outra")


def test_keeping_more_needs_no_question(world, signed_in):
    done = signed_in(world.owner).post(WORKSPACE, KEPT | {"raw_webhook_days": "60"})

    world.workspace.refresh_from_db()
    assert done.status_code == 302
    assert world.workspace.raw_webhook_days == 60


def test_the_log_of_provider_calls_is_kept_as_long_as_the_workspace_says(world):
    def log(workspace, days):
        row = ChannelLog.objects.create(
            workspace=workspace, operation="x", method="GET", url="", elapsed_ms=1
        )
        at = timezone.now() - timedelta(days=days)
        ChannelLog.objects.for_workspace(workspace).filter(pk=row.pk).update(
            created_at=at
        )
        return row.pk

    world.workspace.channel_log_days = 3
    world.workspace.save()
    fresh, _gone = log(world.workspace, 2), log(world.workspace, 4)
    elsewhere = log(world.other_workspace, 4)

    prune_channel_logs()

    kept = ChannelLog.objects.unscoped("test").values_list("pk", flat=True)
    assert set(kept) == {fresh, elsewhere}


def test_a_long_log_goes_in_batches(world, monkeypatch):
    monkeypatch.setattr(channel_logs, "BATCH", 2)
    for _ in range(5):
        ChannelLog.objects.create(
            workspace=world.workspace, operation="x", method="GET", url="", elapsed_ms=1
        )

    later = timezone.now() + timedelta(days=15)
    assert channel_logs.prune(world.workspace, now=later) == 5


# --- members --------------------------------------------------------------------
def test_the_list_tells_role_visit_and_second_factor(world, signed_in):
    world.agent.name, world.agent.oauth_issuer = "Bruno Sá", "https://id.example.com"
    world.agent.oauth_id = "7"
    world.agent.save()

    html = signed_in(world.owner).get(MEMBERS).content.decode()

    assert html.index("owner@example.com") < html.index("Bruno Sá")
    assert "Atendente" in html
    assert "Fica no servidor de login" in html
    assert "outsider@example.com" not in html


def test_a_role_is_changed_on_the_members_page(world, signed_in):
    member = _member(world, world.agent)

    done = signed_in(world.owner).post(
        f"{MEMBERS}{member.key}/", {"role": "viewer"}, follow=True
    )

    member.refresh_from_db()
    assert member.role == "viewer"
    assert "O papel foi alterado." in done.content.decode()


@pytest.mark.parametrize("role", ["owner", "king", ""])
def test_a_role_that_is_not_offered_is_refused_at_the_form(world, signed_in, role):
    member = _member(world, world.agent)

    page = signed_in(world.owner).post(f"{MEMBERS}{member.key}/", {"role": role})

    member.refresh_from_db()
    assert 'id="id_role_error"' in page.content.decode()
    assert member.role == "agent"


def test_an_admin_cannot_change_an_owner(world, by_role):
    client, owner = by_role("admin"), _member(world, world.owner)

    page = client.get(f"{MEMBERS}{owner.key}/").content.decode()
    client.post(f"{MEMBERS}{owner.key}/", {"role": "viewer"})
    removed = client.post(f"{MEMBERS}{owner.key}/remove/", follow=True)

    owner.refresh_from_db()
    assert "Só um proprietário altera um proprietário." in page
    assert "Seu papel não permite isso" in removed.content.decode()
    assert owner.role == "owner"
    assert client.get(f"{MEMBERS}ownership/").status_code == 403


def test_removing_names_what_is_lost_and_how_much(world, signed_in):
    member, client = _member(world, world.agent), signed_in(world.owner)
    number = make_numbers.channel(world.workspace)
    talk = make_talk.conversation(
        make_talk.lead(world.workspace), number, assignee=world.agent
    )

    asked = client.get(f"{MEMBERS}{member.key}/remove/").content.decode()
    done = client.post(f"{MEMBERS}{member.key}/remove/", follow=True).content.decode()
    again = client.post(f"{MEMBERS}{member.key}/remove/")

    talk.refresh_from_db()
    assert "1 conversa aberta desta pessoa" in asked
    assert "1 conversa aberta ficou sem responsável." in done
    assert talk.assignee is None
    assert again.status_code == 404


def test_removing_lists_the_tokens_that_stay_with_their_last_use(world, signed_in):
    member, client = _member(world, world.agent), signed_in(world.owner)
    now = timezone.now()
    theirs = {"created_by": world.agent, "created_at": now - timedelta(days=400)}
    used = make.api_token(
        world.workspace,
        name="Usado",
        last_used_at=datetime(2026, 3, 2, 13, 5, tzinfo=UTC),
        **theirs,
    )
    unused = make.api_token(world.workspace, name="Parado", **theirs)
    make.api_token(world.workspace, name="Revogado", revoked_at=now, **theirs)
    make.api_token(
        world.workspace, name="Vencido", expires_at=now - timedelta(days=1), **theirs
    )
    make.api_token(world.workspace, name="De outra", created_by=world.owner)
    make.api_token(world.other_workspace, name="De lá", created_by=world.agent)

    asked = client.get(f"{MEMBERS}{member.key}/remove/").content.decode()

    assert "<bdi>Usado</bdi>, último uso em 02/03/2026 10:05" in asked
    assert "<bdi>Parado</bdi>, nunca usado" in asked
    for token in (used, unused):
        assert f'href="/w/padaria/settings/tokens/{token.key}/revoke/"' in asked
    for name in ("Revogado", "Vencido", "De outra", "De lá"):
        assert name not in asked


def test_removing_speaks_of_no_tokens_where_there_are_none(world, signed_in):
    member = _member(world, world.agent)

    asked = signed_in(world.owner).get(f"{MEMBERS}{member.key}/remove/")

    assert "tokens de serviço" not in asked.content.decode().partition("<h1>")[2]


def test_the_only_owner_is_told_to_hand_over_first(world, signed_in):
    client, owner = signed_in(world.owner), _member(world, world.owner)

    for address in (f"{MEMBERS}{owner.key}/remove/", f"{MEMBERS}leave/"):
        assert "único proprietário" in client.get(address).content.decode()
        done = client.post(address, follow=True).content.decode()
        assert "Um espaço não fica sem proprietário" in done

    owner.refresh_from_db()
    assert owner.role == "owner"


def test_leaving_ends_at_the_first_page(world, signed_in):
    client = signed_in(world.agent)
    make.membership(world.other_workspace, world.agent, role="viewer")

    done = client.post(f"{MEMBERS}leave/")

    assert done.headers["Location"] == "/"
    assert client.get("/w/padaria/").status_code == 404
    assert client.get("/w/oficina/").status_code == 200


@pytest.mark.parametrize("typed", ["", "padaria 2", "PADARIAS"])
def test_handing_over_needs_the_name_of_the_workspace(world, signed_in, typed):
    heir = _member(world, world.agent)

    page = signed_in(world.owner).post(
        f"{MEMBERS}ownership/", {"heir": str(heir.key), "name": typed}
    )

    heir.refresh_from_db()
    assert 'id="id_name_error"' in page.content.decode()
    assert heir.role == "agent"


def test_handing_over_swaps_the_roles(world, signed_in):
    heir, client = _member(world, world.agent), signed_in(world.owner)

    client.post(f"{MEMBERS}ownership/", {"heir": str(heir.key), "name": " padaria "})

    heir.refresh_from_db()
    assert heir.role == "owner"
    assert _member(world, world.owner).role == "admin"
    assert client.get(f"{MEMBERS}ownership/").status_code == 403


def test_somebody_of_another_workspace_is_no_heir(world, signed_in):
    stranger = Membership.objects.for_workspace(world.other_workspace).get()

    page = signed_in(world.owner).post(
        f"{MEMBERS}ownership/", {"heir": str(stranger.key), "name": "Padaria"}
    )

    assert 'id="id_heir_error"' in page.content.decode()


@pytest.mark.parametrize("act", ["", "remove/"])
def test_members_of_another_workspace_are_out_of_reach(world, signed_in, act):
    key = _member(world, world.agent).key
    client = signed_in(world.outsider)

    assert client.get(f"/w/oficina/settings/members/{key}/{act}").status_code == 404
    posted = client.post(f"/w/oficina/settings/members/{key}/{act}", {"role": "viewer"})

    assert posted.status_code == 404
    assert _member(world, world.agent).role == "agent"


# --- applications ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "Nenhum servidor de login"),
        (
            {"CENTRAL_URL": "https://entrar.example.com"},
            'href="https://entrar.example.com"',
        ),
        ({"OAUTH": {"issuer": "https://id.example.com"}}, "https://id.example.com"),
    ],
)
def test_applications_lead_where_they_are_registered(
    world, signed_in, settings, told, words
):
    for name, value in told.items():
        setattr(settings, name, value)

    html = signed_in(world.owner).get(f"{SETTINGS}applications/").content.decode()

    assert words in html
