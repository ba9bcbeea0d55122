"""What a template asks for is read from its text, whatever else stands in it."""

import pytest
from hypothesis import given, settings

from integrations.providers.base.outgoing import (
    ButtonKind,
    Component,
    Parameter,
    ParameterKind,
    Part,
    Template,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.templates import (
    STATUSES,
    TemplateStatus,
    read_template,
    unfilled,
)
from integrations.providers.base.types import MessageKind
from tests.contract import strategies

ORDER = {
    "id": "77",
    "name": "order_update",
    "language": "pt_BR",
    "status": "APPROVED",
    "category": "UTILITY",
    "rejected_reason": "NONE",
    "quality_score": {"score": "GREEN"},
    "components": [
        {"type": "HEADER", "format": "IMAGE"},
        {
            "type": "BODY",
            "text": "{{1}}, o pedido {{2}} saiu. {{1}}!",
            "example": {"body_text": [["Ana", "1042"]]},
        },
        {"type": "FOOTER", "text": "Padaria"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "OK"},
                {"type": "URL", "text": "Ver", "url": "https://a.test/{{1}}"},
                {"type": "URL", "text": "Loja", "url": "https://a.test/"},
                {"type": "COPY_CODE", "example": "DEZ"},
            ],
        },
    ],
}


def test_gaps_are_told_in_the_order_of_reading() -> None:
    report = read_template(Reader(ORDER))

    assert report is not None
    assert [(gap.part, gap.kind, gap.name, gap.index) for gap in report.gaps] == [
        (Part.HEADER, ParameterKind.MEDIA, "", 0),
        (Part.BODY, ParameterKind.TEXT, "1", 0),
        (Part.BODY, ParameterKind.TEXT, "2", 0),
        (Part.BUTTON, ParameterKind.TEXT, "1", 1),
        (Part.BUTTON, ParameterKind.CODE, "", 3),
    ]
    assert report.gaps[0].media is MessageKind.IMAGE
    assert [gap.example for gap in report.gaps[1:3]] == ["Ana", "1042"]
    assert report.gaps[3].button is ButtonKind.URL
    assert (report.status, report.reason, report.quality) == (
        TemplateStatus.APPROVED,
        "",
        "green",
    )


def test_named_gaps_keep_their_names_and_examples() -> None:
    body = {
        "type": "BODY",
        "text": "{{ first_name }}, {{city}}",
        "example": {
            "body_text_named_params": [
                {"param_name": "city", "example": "Bonn"},
                {"param_name": "first_name", "example": "Ada"},
            ]
        },
    }

    report = read_template(Reader({"name": "t", "components": [body]}))

    assert report is not None
    assert [(gap.name, gap.example) for gap in report.gaps] == [
        ("first_name", "Ada"),
        ("city", "Bonn"),
    ]


def test_ten_numbered_gaps_are_in_the_order_of_their_numbers() -> None:
    text = " ".join(f"{{{{{number}}}}}" for number in (10, 2, 1, 3, 4, 5, 6, 7, 8, 9))

    report = read_template(
        Reader({"name": "t", "components": [{"type": "BODY", "text": text}]})
    )

    assert report is not None
    assert [gap.name for gap in report.gaps] == [str(at) for at in range(1, 11)]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("approved", TemplateStatus.APPROVED),
        ("PENDING_DELETION", TemplateStatus.DELETED),
        ("created", TemplateStatus.DRAFT),
        ("NEW_WORD", TemplateStatus.UNKNOWN),
        ("", TemplateStatus.UNKNOWN),
    ],
)
def test_status_is_read_in_either_case_and_an_unknown_one_is_not_sent(
    word: str, status: TemplateStatus
) -> None:
    report = read_template(Reader({"name": "t", "status": word}))

    assert report is not None
    assert (report.status, report.provider_status) == (status, word)


def test_every_word_that_meta_documents_has_its_status() -> None:
    documented = (
        "APPROVED PENDING REJECTED PAUSED DISABLED IN_APPEAL PENDING_DELETION DELETED "
        "REINSTATED FLAGGED LIMIT_EXCEEDED LOCKED ARCHIVED UNARCHIVED CREATED SUBMITTED"
    )

    assert set(documented.split()) == set(STATUSES)


def test_gaps_left_open_are_named() -> None:
    report = read_template(Reader(ORDER))
    assert report is not None
    half = Template(
        "order_update", "pt_BR", (Component(Part.BODY, (Parameter(text="Ana"),)),)
    )

    assert [(gap.part, gap.name) for gap in unfilled(report.gaps, half)] == [
        (Part.HEADER, ""),
        (Part.BODY, "2"),
        (Part.BUTTON, "1"),
        (Part.BUTTON, ""),
    ]


@settings(max_examples=200, deadline=None)
@given(value=strategies.values)
def test_any_item_of_a_list_is_read_or_passed_over(value: object) -> None:
    for item in (
        {"name": "t", "components": value, "status": value, "language": value},
        {"name": "t", "components": [{"type": "BODY", "text": value}]},
        {"name": "t", "components": [{"type": "BUTTONS", "buttons": [value]}]},
        {
            "name": "t",
            "components": [{"type": "BODY", "example": {"body_text": value}}],
        },
        {"name": value},
    ):
        report = read_template(Reader(item))
        assert report is None or report.name
