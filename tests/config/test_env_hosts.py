import pytest

from config import env


@pytest.mark.parametrize(
    "value", ["", "waha.local", "waha.local:3000, 10.0.0.5", "[::1]:8080,[::1]"]
)
def test_hosts_are_read_as_written(monkeypatch, value):
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", value)

    assert env.hosts("EGRESS_ALLOWED_HOSTS") == env.listing("EGRESS_ALLOWED_HOSTS")


@pytest.mark.parametrize(
    "value", ["http://waha", "waha:port", "waha:123456", "a b", "me@waha", "::1:80"]
)
def test_what_is_no_host_stops_the_start_by_name(monkeypatch, value):
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", f"good.example.com,{value}")

    with pytest.raises(env.BadSetting, match="EGRESS_ALLOWED_HOSTS"):
        env.hosts("EGRESS_ALLOWED_HOSTS")
