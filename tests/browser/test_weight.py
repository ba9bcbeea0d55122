"""What the first page costs on a cold cache, over the wire."""

import pytest

MOST_BYTES = 150_000


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("stranger", "/account/login/"),
        ("owner", "/w/padaria/"),
        ("owner", "/w/padaria/conversations/"),
    ],
)
def test_the_first_page_is_light_and_asks_no_other_host(visit, who, path):
    visitor = visit("pt-br", who=who)
    page = visitor.open("/healthz")
    wire = visitor.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.clearBrowserCache")
    loaded, hosts = [], set()
    wire.on(
        "Network.loadingFinished", lambda one: loaded.append(one["encodedDataLength"])
    )
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))

    page.goto(visitor.address + path, wait_until="networkidle")

    assert len(loaded) > 3  # the page, its style sheets, its script
    assert sum(loaded) <= MOST_BYTES, sorted(loaded)
    assert hosts == {visitor.address.split("/")[2]}
