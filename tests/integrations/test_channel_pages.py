"""The list of our numbers."""

from integrations.providers import registry
from tests.factories import integrations as make


def test_list_shows_provider_account_and_state(
    world, signed_in, django_assert_num_queries
):
    connected = make.integration(world.workspace, name="Conta da loja")
    make.channel(
        world.workspace, display_name="Vendas", integration=connected, state="degraded"
    )
    make.channel(world.workspace, display_name="Antigo", is_active=False)
    client = signed_in(world.agent)

    with django_assert_num_queries(6):
        page = client.get("/w/padaria/integrations/whatsapp/").content.decode()

    assert registry.get("meta_cloud").label in page
    for shown in ("Conta da loja", "Vendas", "Instável", "Antigo", "Desligado"):
        assert shown in page


def test_a_number_of_a_provider_that_is_gone_stays_listed(world, signed_in):
    make.channel(world.workspace, provider="retired", display_name="Vendas")

    page = signed_in(world.agent).get("/w/padaria/integrations/whatsapp/")

    assert "retired" in page.content.decode()


def test_list_without_numbers_leads_who_may_connect_to_the_wizard(world, signed_in):
    address = "/w/padaria/integrations/whatsapp/"

    for_owner = signed_in(world.owner).get(address).content.decode()
    for_agent = signed_in(world.agent).get(address).content.decode()

    assert f'href="{address}connect/"' in for_owner
    assert f"{address}connect/" not in for_agent
    assert "administrador" in for_agent


def test_who_may_connect_goes_on_where_a_number_was_left(world, signed_in):
    shop = world.workspace
    held = {"integration": make.integration(shop)}
    begun, unproven = make.channel(shop, **held), make.channel(shop, **held)
    make.session(begun, state="awaiting_user")
    make.session(unproven, state="connected")
    list_page = "/w/padaria/integrations/whatsapp/"
    on, proof = f"{list_page}{begun.key}/session/", f"{list_page}{unproven.key}/proof/"

    for_owner = signed_in(world.owner).get(list_page).content.decode()
    for_agent = signed_in(world.agent).get(list_page).content.decode()

    assert f'href="{on}"' in for_owner
    assert f'href="{proof}"' in for_owner
    assert on not in for_agent
    assert proof not in for_agent
