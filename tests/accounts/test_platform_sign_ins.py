"""Every sign-in of the installation, as its admins see it: who may, filters, pages, file."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import SignInEvent
from accounts.selectors import sign_ins
from accounts.selectors.sign_ins import SignInFilter
from accounts.sso import outcomes
from tests.architecture.test_pages import _check_frame
from tests.walls import asked

pytestmark = pytest.mark.django_db
LIST = "/platform/sign-ins/"
FILE = f"{LIST}export.csv"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def reader(world, signed_in):
    """Signed in, and the rows of that taken away."""
    world.outsider.is_platform_admin = True
    world.outsider.language = "en"
    world.outsider.save()
    client = signed_in(world.outsider)
    SignInEvent.objects.all().delete()
    return client


def note(number, outcome="signed_in", **told):
    return SignInEvent.objects.create(
        **{"reference": f"REF{number:07}", "at": NOON + timedelta(minutes=number)}
        | told,
        outcome=outcome,
    )


def shown(client, **query):
    """The codes on the page, in its order."""
    page = client.get(LIST, query)
    assert page.status_code == 200
    return [row.event.reference for row in page.context.get("rows", ())]


# --- who may ------------------------------------------------------------------
@pytest.mark.parametrize("url", [LIST, FILE])
def test_only_the_platforms_admins_may_look(world, reader, signed_in, client, url):
    assert reader.get(url).status_code == 200
    assert signed_in(world.owner).get(url).status_code == 404
    assert client.get(url).headers["Location"].startswith("/account/login/?next=")
    assert reader.post(url).status_code == 405


def test_their_menu_leads_there_and_nobody_elses(world, reader, signed_in):
    link = f'href="{LIST}"'

    assert link in reader.get("/w/oficina/").content.decode()
    assert link not in signed_in(world.owner).get("/w/padaria/").content.decode()


# --- what is shown ------------------------------------------------------------
def test_sign_ins_of_all_workspaces_and_of_nobody_are_shown_newest_first(world, reader):
    ours = note(1, user=world.owner)
    theirs = note(3, user=world.outsider)
    nobodys = note(2, "email_missing")

    assert shown(reader) == [theirs.reference, nobodys.reference, ours.reference]


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_a_refusal_tells_its_reason_and_nothing_people_wrote_runs(
    world, reader, language
):
    world.outsider.language = language
    world.outsider.save()
    world.agent.name = '"><img src=x onerror=alert(1)>'
    world.agent.save()
    note(
        1,
        "nonce_wrong",
        user=world.agent,
        ip="203.0.113.9",
        issuer='https://id.example/"><script>',
        subject_hash="ab" * 32,
    )

    page = reader.get(LIST)

    html = page.content.decode()
    _check_frame(html)
    assert str(outcomes.title_of("nonce_wrong")) not in ("", "nonce_wrong")
    assert "<code>nonce_wrong</code>" in html
    assert "203.0.113.9" in html
    assert "REF0000001" in html
    assert "<img src=x" not in html
    assert "<script>" not in html.partition("<main")[2]
    assert f"?identity={'ab' * 32}" in html


def test_an_outcome_that_no_release_knows_is_still_shown(reader):
    note(1, "from_the_future")

    assert "from_the_future" in reader.get(LIST).content.decode()


def test_nothing_yet_says_what_will_be_here_and_how_codes_are_used(reader):
    html = reader.get(LIST).content.decode()

    assert "Nobody signed in yet" in html
    assert "ask for it and look it up" in html


def test_the_page_costs_the_same_however_many_rows_it_shows(world, reader):
    note(1, user=world.owner)
    with asked() as few:
        reader.get(LIST)
    for number in range(2, 40):
        note(number, user=(world.owner, world.agent, None)[number % 3])
    with asked() as many:
        reader.get(LIST)

    assert len(many) == len(few)


# --- filters ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"result": "in"}, [5, 1]),
        ({"result": "refused"}, [4, 3, 2]),
        ({"reason": "password_refused"}, [2]),
        ({"reason": "untrusted"}, [4, 3]),
        ({"reason": "nonce_wrong"}, [3]),
        ({"result": "in", "reason": "nonce_wrong"}, []),
        ({"result": "refused", "reason": "untrusted"}, [4, 3]),
        ({"person": "owner@"}, [2, 1]),
        ({"person": "RITA"}, [2, 1]),
        ({"address": "203.0.113.7"}, [1]),
        ({"address": "203.0.113.0/24"}, [2, 1]),
        ({"address": "2001:db8::/32"}, [3]),
        ({"address": "::ffff:0:0/96"}, []),
        ({"reference": " ref 0000004 "}, [4]),
        ({"identity": "cd" * 4}, [4]),
        ({"since": "2026-11-21"}, [5]),
        ({"until": "2026-11-20"}, [4, 3, 2, 1]),
        ({"since": "2026-11-20", "until": "2026-11-20", "result": "in"}, [1]),
        ({"until": "9999-12-31"}, [5, 4, 3, 2, 1]),
    ],
)
def test_a_filter_finds_what_it_says(world, reader, query, found):
    world.owner.name = "Rita Moura"
    world.owner.save()
    note(1, user=world.owner, ip="203.0.113.7")
    note(2, "password_refused", user=world.owner, ip="203.0.113.200")
    note(3, "nonce_wrong", ip="2001:db8::1")
    note(4, "signature_wrong", subject_hash="cd" * 32)
    note(5, "signed_in_by_password", at=NOON + timedelta(days=1), user=world.agent)

    assert shown(reader, **query) == [f"REF{number:07}" for number in found]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"address": "203.0.113"}, "address"),
        ({"address": "x' OR 1=1"}, "address"),
        ({"reason": "nonsense"}, "reason"),
        ({"result": "maybe"}, "result"),
        ({"identity": "%"}, "identity"),
        ({"since": "2026-11-21", "until": "2026-11-20"}, "until"),
        ({"since": "yesterday"}, "since"),
    ],
)
def test_a_filter_that_cannot_be_is_told_and_shows_no_row(reader, query, field):
    note(1)

    page = reader.get(LIST, query)
    file = reader.get(FILE, query)

    assert list(page.context["form"].errors) == [field]
    assert "rows" not in page.context
    assert "Nobody signed in yet" not in page.content.decode()
    assert file.status_code == 302
    assert file.headers["Location"].startswith(f"{LIST}?")


def test_a_filter_that_fits_nothing_offers_to_clear_it(reader):
    note(1)

    html = reader.get(LIST, {"person": "nobody@example.com"}).content.decode()

    assert "No sign-in fits these filters" in html


# --- pages ----------------------------------------------------------------------
def test_pages_follow_each_other_without_gap_or_repeat(reader, monkeypatch):
    monkeypatch.setattr(sign_ins, "PAGE", 3)
    moments = [NOON + timedelta(minutes=one // 4) for one in range(8)]
    rows = [note(number, at=at) for number, at in enumerate(moments)]

    first = reader.get(LIST, {"result": "in"})
    seen, older = shown(reader, result="in"), first.context["page"].older
    note(99, at=NOON + timedelta(days=1))  # what comes in meanwhile moves nothing
    while older:
        page = reader.get(LIST, {"result": "in", "before": older})
        seen += [row.event.reference for row in page.context["rows"]]
        older = page.context["page"].older

    assert seen == [row.reference for row in reversed(rows)]
    assert f'href="?result=in&amp;before={first.context["page"].older}"' in (
        first.content.decode()
    )


@pytest.mark.parametrize("before", ["x", "1-", "-1", "1-1-1"])
def test_a_position_that_is_none_is_told_and_gives_the_first_page(reader, before):
    note(1)

    page = reader.get(LIST, {"before": before})

    assert [row.event.reference for row in page.context["rows"]] == ["REF0000001"]
    assert "could not be understood" in page.content.decode()


# --- the file ---------------------------------------------------------------------
def test_the_file_holds_all_pages_of_the_filter_and_no_formula(
    world, reader, monkeypatch, caplog
):
    monkeypatch.setattr(sign_ins, "_BATCH", 2)
    world.owner.email = "=cmd@example.com"
    world.owner.save()
    for number in range(5):
        note(number, user=world.owner, issuer="@evil", ip="203.0.113.7")
    note(9, "nonce_wrong")

    with caplog.at_level("INFO", "accounts.signin"):
        answer = reader.get(FILE, {"result": "in"})

    text = b"".join(answer.streaming_content).decode()
    heading, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert heading[0] == "When (UTC)"
    assert [row[-1] for row in rows] == [f"REF{one:07}" for one in (4, 3, 2, 1, 0)]
    assert rows[0][:6] == [
        "2026-11-20 12:04:00",
        "Signed in",
        "signed_in",
        "'=cmd@example.com",
        "203.0.113.7",
        "'@evil",
    ]
    assert answer.headers["Content-Disposition"].startswith(
        'attachment; filename="sign-ins-'
    )
    [line] = [one for one in caplog.records if one.message == "sign-ins exported"]
    assert line.user_id == world.outsider.pk


def test_a_selection_of_no_outcome_finds_nothing():
    note(1)

    found = sign_ins.list_page(filters=SignInFilter(outcomes=()), before="")

    assert found.rows == ()
