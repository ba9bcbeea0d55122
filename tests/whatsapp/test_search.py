"""Search: what a person types finds what was said, by whom and from which number."""

from datetime import timedelta

import pytest
from django.db import connection

from accounts.scoping import workspace_transaction
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.models import Conversation, ConversationState
from whatsapp.selectors import search


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace, phone="+5511933330000")


def _conversation(world, channel, *, name="Ana Lima", texts=(), phone=None, **fields):
    lead = make.lead(world.workspace, name=name)
    if phone:
        make.identity(lead, value=phone, match_key=f"p:{phone}")
    conversation = make.conversation(lead, channel, **fields)
    for minute, text in enumerate(texts):
        make.message(
            conversation, text=text, provider_at=make.NOON + timedelta(minutes=minute)
        )
    return conversation


def _found(world, text):
    result = search.search_conversations(world.workspace, text=text)
    return [row.conversation.key for row in result.rows]


@pytest.mark.parametrize(
    "text", ["pao", "PÃO", "pão fran", "francês pão", "  frances  ", "fran"]
)
def test_message_is_found_by_beginnings_of_words_without_accents(world, channel, text):
    wanted = _conversation(world, channel, texts=["Tem Pão francês hoje?"])
    _conversation(world, channel, name="Bia", texts=["Quero um bolo"])

    assert _found(world, text) == [wanted.key]


@pytest.mark.parametrize("text", ["rances", "pao bolo", "xyz"])
def test_what_was_not_said_is_not_found(world, channel, text):
    _conversation(world, channel, texts=["Tem Pão francês hoje?"])

    assert _found(world, text) == []


@pytest.mark.parametrize("text", ["joao", "João Conc", "conceicao"])
def test_conversation_is_found_by_the_name_of_the_lead(world, channel, text):
    wanted = _conversation(world, channel, name="João da Conceição")

    assert _found(world, text) == [wanted.key]


@pytest.mark.parametrize(
    "text",
    [
        "5511987654321",
        "+55 (11) 98765-4321",
        "551187654321",  # before the ninth digit
        "(11) 98765-4321",  # our own numbers are Brazilian
        "011 98765-4321",
        "11 9876",
        "55119876",
        "55118765",  # the beginning, before the ninth digit
        "+55 11 8765",
        "11 8765",
        "0055 11 98765",
        "041 11 98765-4321",  # by a carrier
    ],
)
def test_conversation_is_found_by_its_number_in_any_notation(world, channel, text):
    wanted = _conversation(world, channel, phone="5511987654321")
    _conversation(world, channel, name="Bia", phone="5521912345678")

    assert _found(world, text) == [wanted.key]


@pytest.mark.parametrize(
    ("own", "key", "text"),
    [
        ("+525511112222", "525512345678", "5215512345678"),
        ("+525511112222", "525512345678", "+52 1 55 12"),
        ("+525511112222", "525512345678", "521551234"),
        ("+525511112222", "525512345678", "55 1234"),
        ("+541140001111", "541123456789", "549112345"),
        ("+541140001111", "541123456789", "+54 9 11 2345"),
        ("+541140001111", "541123456789", "11 15 2345-6789"),
        ("+541140001111", "541123456789", "011 15 2345"),
        ("+541140001111", "541123456789", "11 2345"),
    ],
)
def test_and_so_is_one_of_a_country_with_notations_of_its_own(world, own, key, text):
    channel = make_room_1.channel(world.workspace, phone=own)
    wanted = _conversation(world, channel, phone=key)
    _conversation(world, channel, name="Bia", phone="5521912345678")

    assert _found(world, text) == [wanted.key]


@pytest.mark.parametrize("text", ["0000", "+0000", "(00) 00-00"])
def test_zeros_are_nobodys_number(world, channel, text):
    _conversation(world, channel, phone="5511987654321")

    assert _found(world, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "pao & !frances",
        "pao | nada",
        "'pao':*",
        "!pao",
        "(pao",
        "pao <-> frances",
        "\\pao",
        "pao:*B",
        "pao');DROP TABLE whatsapp_lead;--",
        "%",
        "\x00pao",
        "\ud800",
    ],
)
def test_operators_in_the_text_are_only_text(world, channel, text):
    _conversation(world, channel, texts=["so pao frances, nada mais b drop table"])

    search.search_conversations(world.workspace, text=text)  # no syntax error
    assert Conversation.objects.for_workspace(world.workspace).count() == 1


def test_a_text_without_words_finds_nothing(world, channel):
    _conversation(world, channel, texts=["pao"])

    assert _found(world, "!!! & | 👍") == []


def test_results_are_the_newest_matches_first(world, channel):
    old = _conversation(world, channel, texts=["bolo"])
    new = _conversation(world, channel, name="Bia", texts=["oi", "bolo"])

    assert _found(world, "bolo") == [new.key, old.key]


def test_closed_conversations_are_searched_too(world, channel):
    closed = _conversation(
        world, channel, texts=["bolo"], state=ConversationState.CLOSED
    )

    assert _found(world, "bolo") == [closed.key]


def test_a_match_deep_in_an_old_thread_is_found(world, channel):
    texts = ["encomenda", *(f"conversa {number}" for number in range(40))]
    deep = _conversation(world, channel, texts=texts)

    assert _found(world, "encomenda") == [deep.key]


def test_a_common_word_gives_one_full_page_and_says_so(world, channel):
    for number in range(search.MOST + 2):
        _conversation(
            world,
            channel,
            name=f"Lead {number}",
            texts=["oi"],
            last_message_at=make.NOON + timedelta(minutes=number),
        )

    result = search.search_conversations(world.workspace, text="oi")

    assert len(result.rows) == search.MOST
    assert result.is_cut


def test_the_excerpt_shows_where_the_word_stands(world, channel):
    text = "começo " * 60 + "entrega no Sábado, pode ser?"
    _conversation(world, channel, texts=[text])

    [row] = search.search_conversations(world.workspace, text="sabado").rows

    assert row.excerpt is not None
    assert row.excerpt.hit == "Sábado,"
    assert row.excerpt.before.startswith("…")
    assert row.excerpt.after == " pode ser?"


def test_another_workspace_is_never_searched(world, channel):
    _conversation(world, channel, texts=["segredo"], phone="5511987654321")

    for text in ("segredo", "ana", "5511987654321"):
        found = search.search_conversations(world.other_workspace, text=text)
        assert found.rows == ()


@pytest.mark.parametrize(
    "call",
    [
        "whatsapp_search_conversations('''segredo'':*', 10)",
        "whatsapp_search_leads('''ana'':*', '{p:55}', 10)",
    ],
)
def test_functions_give_nothing_without_a_workspace(world, channel, call):
    _conversation(world, channel, texts=["segredo"], phone="5511987654321")

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {call}")  # noqa: S608  # a literal above
        [without] = cursor.fetchone()
    with workspace_transaction(world.workspace.pk), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {call}")  # noqa: S608  # a literal above
        [within] = cursor.fetchone()

    assert (without, within) == (0, 1)


def test_search_needs_the_same_queries_for_few_and_for_many(
    world, channel, django_assert_num_queries
):
    for number in range(10):
        _conversation(world, channel, name=f"Lead {number}", texts=["oi"] * 3)

    with django_assert_num_queries(2):  # our numbers, search
        search.search_conversations(world.workspace, text="+55 11 9876")
