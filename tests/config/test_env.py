"""Every bad value of the environment is refused by name, with a cure."""

import base64

import pytest

from config import env

KEY = bytes(range(32))


@pytest.mark.parametrize("value", ["maybe", "2", "sim"])
def test_a_flag_that_is_neither_yes_nor_no_is_refused(monkeypatch, value):
    monkeypatch.setenv("SOME_FLAG", value)

    with pytest.raises(env.BadSetting, match="SOME_FLAG") as refused:
        env.flag("SOME_FLAG")

    assert refused.value.cure == "Set it to 1 or 0."


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("on", True), ("FALSE", False), ("", True)]
)
def test_a_flag_is_read_in_its_usual_spellings(monkeypatch, value, expected):
    monkeypatch.setenv("SOME_FLAG", value)

    assert env.flag("SOME_FLAG", default=True) is expected


@pytest.mark.parametrize("value", ["ten", "1.5", "0x10", "0", "101"])
def test_a_number_out_of_its_range_is_refused(monkeypatch, value):
    monkeypatch.setenv("SOME_NUMBER", value)

    with pytest.raises(env.BadSetting, match="SOME_NUMBER"):
        env.integer("SOME_NUMBER", 5, least=1, most=100)


def test_a_choice_outside_its_list_is_refused(monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "xml")

    with pytest.raises(env.BadSetting, match=r"LOG_FORMAT.*json, console"):
        env.choice("LOG_FORMAT", "json", among=["json", "console"])


@pytest.mark.parametrize(
    "value",
    ["recado.example", "ftp://recado.example", "https://", "https://host:port"],
)
def test_an_address_that_is_no_site_is_refused(monkeypatch, value):
    monkeypatch.setenv("PUBLIC_URL", value)

    with pytest.raises(env.BadSetting, match="PUBLIC_URL"):
        env.url("PUBLIC_URL", "http://127.0.0.1")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is not set"),
        ("mysql://host/name", "mysql"),
        ("postgresql://host", "names no database"),
        ("postgresql://host:port/name", "port"),
    ],
)
def test_a_database_url_that_names_no_database_is_refused(monkeypatch, value, problem):
    monkeypatch.setenv("DATABASE_URL", value)

    with pytest.raises(env.BadSetting, match=f"DATABASE_URL.*{problem}"):
        env.database()


def test_a_database_url_may_name_a_socket_directory(monkeypatch):
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://recado@/recado?host=%2Fvar%2Frun&sslmode=disable"
    )

    found = env.database()

    assert (found["HOST"], found["NAME"], found["USER"]) == (
        "/var/run",
        "recado",
        "recado",
    )
    assert found["OPTIONS"] == {"sslmode": "disable"}


def test_a_redis_url_of_another_kind_is_refused_without_repeating_its_password(
    monkeypatch,
):
    monkeypatch.setenv("REDIS_URL", "amqp://user:open-sesame@host")

    with pytest.raises(env.BadSetting, match="REDIS_URL") as refused:
        env.redis()

    assert "open-sesame" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
    ],
)
def test_a_root_key_is_read_in_every_spelling(text):
    assert env.root_key("INTEGRATIONS_KEY", text) == KEY


@pytest.mark.parametrize("text", ["short", KEY.hex()[:-2], "ç" * 32])
def test_a_root_key_of_another_length_is_refused_without_repeating_it(text):
    with pytest.raises(env.BadSetting, match="INTEGRATIONS_KEY") as refused:
        env.root_key("INTEGRATIONS_KEY", text)

    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10/5m", (10, 300)),
        ("200/s", (200, 1)),
        ("1/1d", (1, 86400)),
        ("50/1h", (50, 3600)),
        ("off", None),
    ],
)
def test_a_rate_is_a_count_in_a_time(monkeypatch, value, expected):
    monkeypatch.setenv("SOME_RATE", value)

    found = env.rate("SOME_RATE", "1/1m")

    assert found == expected
    monkeypatch.setenv("SOME_RATE", env.rate_text(found))
    assert env.rate("SOME_RATE", "1/1m") == expected


@pytest.mark.parametrize("value", ["10", "0/1m", "10/0m", "ten/1m", "10/5y", "-1/1m"])
def test_a_rate_that_is_none_is_refused(monkeypatch, value):
    monkeypatch.setenv("SOME_RATE", value)

    with pytest.raises(env.BadSetting, match="SOME_RATE"):
        env.rate("SOME_RATE", "1/1m")


def test_networks_are_read_and_anything_else_is_refused(monkeypatch):
    monkeypatch.setenv("SOME_NETWORKS", "10.0.0.0/8, ::1")
    assert [str(one) for one in env.networks("SOME_NETWORKS")] == [
        "10.0.0.0/8",
        "::1/128",
    ]

    for wrong in ("10.0.0.1/8", "proxy", "10.0.0.0/40", "*"):
        monkeypatch.setenv("SOME_NETWORKS", wrong)
        with pytest.raises(env.BadSetting, match="SOME_NETWORKS"):
            env.networks("SOME_NETWORKS")
