import copy
import json
import logging
import pickle
import sys
import traceback
from dataclasses import asdict, dataclass, replace

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.template import Context, Engine
from django.views.debug import ExceptionReporter

from accounts.vault import Secret

TEXT = "hunter2-the-token"


@dataclass(frozen=True)
class Credentials:
    phone: str
    token: Secret


def render(template):
    return Engine().from_string(template).render(Context({"secret": Secret(TEXT)}))


def test_it_shows_itself_to_reveal_alone():
    assert Secret(TEXT).reveal() == TEXT


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        ascii,
        "{}".format,
        "{:>40}".format,
        "{!r}".format,
        lambda secret: f"{secret} {secret!s:>9} {secret=}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031  # logging formats so
        lambda secret: repr([secret]),
        lambda secret: repr(Credentials("1", secret)),
        lambda secret: repr(asdict(Credentials("1", secret))),
        lambda secret: repr(replace(Credentials("1", secret), phone="2")),
        lambda secret: json.dumps([secret], default=str),
        lambda secret: repr(dir(secret)),
    ],
)
def test_no_way_of_making_text_shows_it(show):
    shown = show(Secret(TEXT))

    assert TEXT not in shown
    assert shown


@pytest.mark.parametrize(
    "template",
    [
        "{{ secret }}",
        "{{ secret|safe }}",
        "{{ secret|pprint }}",
        "{{ secret|stringformat:'r' }}",
        "{{ secret.reveal }}",
        "{{ secret.reveal|default:'' }}",
        "{% with shown=secret.reveal %}{{ shown }}{% endwith %}",
        "{{ secret|join:'' }}",
        "{% firstof secret.reveal secret %}",
    ],
)
def test_no_template_shows_it(template):
    try:
        shown = render(template)
    except TypeError as error:  # a filter that wants something else
        shown = str(error)

    assert TEXT not in shown


@pytest.mark.parametrize("encoder", [None, DjangoJSONEncoder])
def test_json_refuses_it(encoder):
    with pytest.raises(TypeError) as raised:
        json.dumps({"token": Secret(TEXT)}, cls=encoder)

    assert TEXT not in str(raised.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_pickle_holds_it(protocol):
    with pytest.raises(TypeError, match="does not leave"):
        pickle.dumps({"token": Secret(TEXT)}, protocol)


def test_it_has_no_dictionary_to_look_into():
    with pytest.raises(TypeError):
        vars(Secret(TEXT))
    with pytest.raises(TypeError, match="does not leave"):
        Secret(TEXT).__getstate__()


def test_a_copy_hides_it_too():
    secret = Secret(TEXT)

    assert copy.copy(secret) is secret
    assert copy.deepcopy({"token": secret})["token"] is secret


def test_a_traceback_with_its_variables_does_not_show_it(caplog):
    def refuse(secret):
        raise ValueError(f"{secret} was refused", secret)

    secret = Secret(TEXT)
    try:
        refuse(secret)
    except ValueError as error:
        logging.getLogger("test").exception("refused %s %r", secret, secret)
        with_locals = "".join(
            traceback.TracebackException.from_exception(
                error, capture_locals=True
            ).format()
        )
        page = ExceptionReporter(None, *sys.exc_info()).get_traceback_text()

    assert "was refused" in caplog.text
    assert "secret = Secret(" in with_locals
    assert TEXT not in caplog.text + with_locals + page


def test_equality_compares_the_text():
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret(TEXT + "x")
    assert Secret(TEXT) != TEXT
    assert Secret("\ud800") == Secret("\ud800")


def test_it_has_no_hash_to_guess_from():
    with pytest.raises(TypeError):
        hash(Secret(TEXT))


def test_it_is_false_when_empty():
    assert not Secret("")
    assert Secret("0")


def test_it_holds_text_only_and_does_not_tell_what_else_it_was_given():
    with pytest.raises(TypeError) as raised:
        Secret(TEXT.encode())  # type: ignore[arg-type]  # the point of the test

    assert TEXT not in str(raised.value)
