"""What is done on a page before it is looked at."""

import secrets
from collections.abc import Callable

from playwright.sync_api import Page as BrowserPage

Act = Callable[[BrowserPage], object]
OPEN_TICKET = "main form .button--primary"


def press(selector: str) -> Act:
    """Press it, and wait for the page it leads to."""

    def act(page: BrowserPage) -> None:
        with page.expect_navigation():
            page.click(selector)

    return act


def open_up(selector: str, shown: str) -> Act:
    """Press it, and wait for what it opens on the same page."""

    def act(page: BrowserPage) -> None:
        page.click(selector)
        page.wait_for_selector(shown)

    return act


def unfold(page: BrowserPage) -> None:
    """Every closed part of the page at once."""
    page.evaluate(
        "document.querySelectorAll('main details').forEach(d => d.open = true)"
    )


def keep_less(page: BrowserPage) -> None:
    page.fill("[name=raw_webhook_days]", "7")
    page.fill("[name=channel_log_days]", "1")
    press("main form .button--primary")(page)


def lose_cookies(page: BrowserPage) -> None:
    page.fill("[name=login]", "ana@example.com")
    page.fill("[name=password]", "x")
    page.context.clear_cookies()
    press("main form button[type=submit]")(page)


def type_wrong(page: BrowserPage) -> None:
    page.click("#pair summary")
    page.fill("#pair_code", "ABCD2345")
    press("#pair form button")(page)


def make_token(page: BrowserPage) -> None:
    """Another name each time: a page may be visited twice."""
    page.fill("[name=name]", f"ERP {secrets.token_hex(4)}")
    page.check("[name=scope_messages_send]")
    press("main form button")(page)


def make_source(page: BrowserPage) -> None:
    page.fill("[name=name]", f"Help desk {secrets.token_hex(4)}")
    press("main form .button--primary")(page)


def make_subscription(page: BrowserPage) -> None:
    page.fill("[name=name]", f"CRM {secrets.token_hex(4)}")
    page.fill("[name=url]", "https://crm.example.com/recado")
    press("main form .button--primary")(page)


def subscribe_wrong(page: BrowserPage) -> None:
    page.fill("[name=url]", "http://10.0.0.1/events")
    press("main form .button--primary")(page)


def submit_wrong(page: BrowserPage) -> None:
    page.fill("[name=name]", "Pedido Enviado")
    page.fill("[name=body]", "{{1}}, seu pedido saiu.")
    press("#template-form .button--primary")(page)


def choose(page: BrowserPage) -> None:
    press(".template-choice a:has-text('pedido_enviado')")(page)


def choose_and_send(page: BrowserPage) -> None:
    choose(page)
    press("main form .button--primary")(page)


def choose_tickets(page: BrowserPage) -> None:
    for box in page.locator("input[name=ticket]").all()[:2]:
        box.check()
    page.select_option("[name=status]", "resolved")
    press("button[form=bulk]")(page)


def change_late(page: BrowserPage) -> None:
    """As if somebody else had been faster."""
    page.evaluate("document.querySelector('#state [name=seen]').value = '9999'")
    page.select_option("#state [name=priority]", "low")
    press("#state .form button")(page)


def look_at_plan(page: BrowserPage) -> None:
    press("button[value=look]")(page)
    unfold(page)


def write_unknown_variable(page: BrowserPage) -> None:
    page.fill("[name=text]", "Olá, {nomee}!")
    press("button[value=save]")(page)


def type_wrong_client(page: BrowserPage) -> None:
    page.fill("[name=name]", "Ana")
    page.fill("[name=phone]", "12")
    press(OPEN_TICKET)(page)


def look_at_both(page: BrowserPage) -> None:
    """The lead that the page suggests."""
    press("main .suspicion a.button")(page)


def try_again(page: BrowserPage) -> None:
    """Choose what can be chosen, and ask what would happen."""
    for box in page.query_selector_all("[form=sends-chosen]"):
        box.check()
    press("#sends-chosen [value=again]")(page)


def ask_for_canned(page: BrowserPage) -> None:
    page.fill("#composer-text", "/")
    page.wait_for_selector("[data-canned-list] [role=option]")


def send_nothing(page: BrowserPage) -> None:
    page.fill("#composer-text", "")  # a draft may be there
    page.click(".composer__send")
    page.wait_for_selector("#composer-problem:not([hidden])")
