import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.redaction import BODY_LIMIT, READ_LIMIT, Redactor

SECRET = 'p/ss+w"ord é'
REDACTOR = Redactor(keys={"Pin"}, secrets=[SECRET, "abc"])
JSON = "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        "p%2Fss%2Bw%22ord%20%C3%A9",
        "p%2Fss%2Bw%22ord+%C3%A9",
        'p/ss+w\\"ord é',
        'p/ss+w\\"ord \\u00e9',
        "cC9zcyt3Im9yZCDDqQ==",
    ],
)
def test_a_secret_is_masked_however_it_is_written(text):
    assert REDACTOR.text(f"<{text}>") == "<***>"


def test_a_value_too_short_to_be_told_from_text_is_left():
    assert REDACTOR.text("abc") == "abc"


def test_named_values_are_masked_at_any_depth_and_in_any_case():
    body = json.dumps({"a": [{"PIN": {"x": 1}}], "error": {"code": 190}}).encode()

    masked = json.loads(REDACTOR.body(body, JSON))

    assert masked == {"a": [{"PIN": "***"}], "error": {"code": 190}}


def test_forms_and_queries_are_masked_by_name():
    form = REDACTOR.body(
        b"pin=1234&To=55&code=xyz", "application/x-www-form-urlencoded"
    )
    url = REDACTOR.url("https://u:p@example.com/a?pin=1&x=2&access_token=t#frag")

    assert form == "pin=***&To=55&code=***"
    assert url == "https://example.com/a?pin=***&x=2&access_token=***"


def test_the_target_of_a_redirect_is_masked_like_any_url():
    told = REDACTOR.headers(
        {"Location": "https://example.com/f?sig=abcd&x=1", "Referer": "https://[oops"}
    )

    assert told == "Location: https://example.com/f?sig=***&x=1\nReferer: ***"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"access_token": "half', JSON),
        (b'{"a":' * 5000, JSON),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"{" + b" " * READ_LIMIT + b"}", JSON),
        (b"\0\1\2", ""),
    ],
    ids=["broken", "deep", "picture", "long", "bytes"],
)
def test_what_cannot_be_read_is_told_by_its_size(body, kind):
    assert REDACTOR.body(body, kind).startswith(f"({len(body)} bytes")


def test_a_body_is_cut_after_it_was_masked():
    filler = "x" * (BODY_LIMIT - 14)
    body = json.dumps({"a": filler, "b": SECRET}).encode()

    kept = REDACTOR.body(body, JSON)

    assert len(kept) == BODY_LIMIT + 1
    assert "p/ss" not in kept


@given(st.binary(max_size=300), st.sampled_from([JSON, "text/plain", "", "x/y"]))
def test_any_body_becomes_text_the_database_can_keep(body, kind):
    kept = REDACTOR.body(body, kind)

    assert "\0" not in kept
    kept.encode()


def test_a_redactor_shows_nothing_of_itself():
    assert "ss" not in repr(REDACTOR)


# --- exchanges about one person ------------------------------------------------------
SENT = {
    "messaging_product": "whatsapp",
    "to": "5511987654321",
    "type": "text",
    "text": {"body": "Seu resultado deu positivo, Ana"},
    "biz_opaque_callback_data": "t0ken",
    "template": {"name": "lembrete", "language": {"code": "pt_BR"}},
    "location": {"name": "Casa da Ana", "latitude": -23.5, "timestamp": "1760000000"},
    "contacts": [{"name": {"formatted_name": "Beto"}, "phones": ["+5511911112222"]}],
    "access_token": "EAAB",
}


def test_what_was_sent_and_to_whom_is_not_in_the_log_of_a_send():
    masked = json.loads(
        REDACTOR.body(json.dumps(SENT).encode(), JSON, hides_people=True)
    )

    assert masked == {
        "messaging_product": "whatsapp",
        "to": "•••4321",
        "type": "text",
        "text": {"body": "•••"},
        "biz_opaque_callback_data": "t0ken",
        "template": {"name": "lembrete", "language": {"code": "pt_BR"}},
        "location": {"name": "•••", "latitude": -23.5, "timestamp": "1760000000"},
        "contacts": [{"name": {"formatted_name": "•••"}, "phones": ["•••2222"]}],
        "access_token": "***",
    }


def test_the_answer_to_a_send_keeps_its_id_and_its_error_but_no_number():
    told = {
        "contacts": [{"input": "+5511987654321", "wa_id": "5511987654321"}],
        "messages": [{"id": "wamid.HBgN", "body": "Oi Ana"}],
        "error": {"code": 131026, "message": "cannot deliver to 5511987654321"},
        "key": {"id": "true_5511987654321@c.us_3EB0"},
    }
    body = json.dumps(told).encode()

    yes = json.loads(REDACTOR.body(body, JSON, hides_people=True))
    no = json.loads(REDACTOR.body(body, JSON, hides_people=True, is_error=True))

    assert yes["messages"] == [{"id": "wamid.HBgN", "body": "•••"}]
    assert yes["contacts"] == [{"input": "•••4321", "wa_id": "•••4321"}]
    assert yes["error"] == {"code": 131026, "message": "•••"}
    assert no["error"] == {"code": 131026, "message": "cannot deliver to •••4321"}
    assert no["key"] == {"id": "true_•••4321@c.us_3EB0"}


def test_a_page_instead_of_json_is_kept_only_where_it_is_an_error():
    page = b"<title>Busy</title> 5511987654321"

    assert REDACTOR.body(page, "text/html", hides_people=True) == "(33 bytes)"
    assert REDACTOR.body(page, "text/html", hides_people=True, is_error=True) == (
        "<title>Busy</title> •••4321"
    )


def test_a_person_is_not_in_the_address_that_was_asked():
    asked = REDACTOR.url(
        "https://w.example/api/chats/5511987654321@c.us/read?phone=5511987654321&session=a",
        hides_people=True,
    )

    assert "5511987654321" not in asked
    assert asked.endswith("/***4321@c.us/read?phone=***4321&session=a")


@given(st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_no_text_of_a_person_survives_whatever_it_stands_in(shape):
    def planted(value):
        if isinstance(value, dict):
            return {name: planted(inner) for name, inner in value.items()}
        return "Dona Ana 5511987654321"

    told = json.dumps({"text": planted(shape)}).encode()

    for is_error in (False, True):
        masked = REDACTOR.body(told, JSON, hides_people=True, is_error=is_error)
        assert "5511987654321" not in masked
