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

    with django_assert_num_queries(4):
        page = client.get("/w/padaria/integrations/whatsapp/").content.decode()

    assert registry.get("meta_cloud").label in page
    for shown in ("Conta da loja", "Vendas", "Instável", "Antigo", "Desligado"):
        assert shown in page


def test_a_number_of_a_provider_that_is_gone_stays_listed(world, signed_in):
    make.channel(world.workspace, provider="retired", display_name="Vendas")

    page = signed_in(world.agent).get("/w/padaria/integrations/whatsapp/")

    assert "retired" in page.content.decode()


def test_list_without_numbers_shows_the_command(world, signed_in):
    page = signed_in(world.agent).get("/w/padaria/integrations/whatsapp/")

    assert "manage.py add_integration --workspace padaria" in page.content.decode()
