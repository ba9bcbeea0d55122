"""Two leads become one and two again, as a person does it: in both languages, without
JavaScript, and without a mouse."""

import pytest
from playwright.sync_api import Page, expect

_MOST_TABS = 90
WORDS = {
    "en": {
        "suggested": "Perhaps the same person",
        "reason": "She told me on the phone.",
        "merge": "Merge the two leads",
        "done": "The two leads are one now.",
        "undo": "Take this merge back",
        "undone": "Taken back: the two leads are apart again",
        "apart": "Not the same person",
        "kept": "not the same person",
    },
    "pt-br": {
        "suggested": "Talvez a mesma pessoa",
        "reason": "Ela disse ao telefone.",
        "merge": "Juntar os dois leads",
        "done": "Os dois leads agora são um só.",
        "undo": "Desfazer esta junção",
        "undone": "Junção desfeita: os dois leads estão separados",
        "apart": "Não é a mesma pessoa",
        "kept": "não são a mesma pessoa",
    },
}


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("has_script", [True, False])
def test_a_suggested_lead_is_merged_and_taken_back(visit, own, language, has_script):
    words, shop = WORDS[language], own(language)
    visitor = visit(language, who=shop.owner, java_script_enabled=has_script)
    page = visitor.open(shop.path(f"leads/{shop.shop.lead.key}/"))

    card = page.locator("#duplicates")
    expect(card).to_contain_text(words["suggested"])
    expect(card).to_contain_text("Aninha")
    card.locator("a.button").click()
    expect(page.locator("table.merge-table")).to_contain_text("Aninha")
    page.fill("[name=reason]", words["reason"])
    page.click(f"button:has-text('{words['merge']}')")
    expect(page.locator(".notice").first).to_contain_text(words["done"])
    history = page.locator("#merges")
    expect(history).to_contain_text(words["reason"])
    expect(page.locator("#duplicates")).to_have_count(0)

    history.locator(f"a:has-text('{words['undo']}')").first.click()
    page.fill("[name=reason]", "Ops.")
    page.click("main form .button--danger")

    expect(page.locator(".notice").first).to_contain_text(words["undone"])
    expect(page.locator("#merges")).to_contain_text("Ops.")
    expect(page.locator("#duplicates")).to_have_count(0)  # known to be two now


def test_a_lead_is_searched_for_and_the_other_one_kept(visit, own):
    shop = own("en")
    visitor = visit("en", who=shop.owner, java_script_enabled=False)
    page = visitor.open(shop.path(f"leads/{shop.shop.lead.key}/"))

    page.click(".page-head a:has-text('Merge')")
    page.fill("[name=q]", "João")
    page.press("[name=q]", "Enter")
    page.click("a:has-text('Look at both')")
    page.click("a:has-text('Keep the other one instead')")
    page.click("button:has-text('Merge the two leads')")
    expect(page.locator(".field__errors")).to_be_visible()
    page.fill("[name=reason]", "Same person.")
    page.click("button:has-text('Merge the two leads')")

    expect(page.locator("h1")).to_contain_text("João Conceição")
    expect(page.locator("#merges")).to_contain_text("Ana Lima")


def test_two_in_the_list_are_told_apart(visit, own):
    words, shop = WORDS["en"], own("en")
    page = visit("en", who=shop.owner).open(shop.path("leads/"))

    page.click("a:has-text('Likely duplicates')")
    expect(page.locator(".suspicion-pair")).to_have_count(1)
    page.click(f".suspicion-pair button:has-text('{words['apart']}')")

    expect(page.locator(".notice").first).to_contain_text(words["kept"])
    expect(page.locator(".suspicion-pair")).to_have_count(0)


def test_a_merge_is_reached_and_made_by_keyboard(visit, own):
    shop = own("en")
    lead, twin = shop.shop.lead, shop.shop.twin
    page = visit("en", who=shop.owner).open(shop.path(f"leads/{lead.key}/"))

    _tab_to(page, f"?with={twin.key}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/merge/?with=*")
    _tab_to(page, "reason")
    page.keyboard.type("Same person.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#merges")).to_contain_text("Same person.")


def _tab_to(page: Page, wanted: str) -> None:
    """Until the focus is on the link that ends so, or on the field of that name."""
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => [document.activeElement.getAttribute('href'),"
            " document.activeElement.getAttribute('name')]"
        )
        if any(one and one.endswith(wanted) for one in found):
            return
    raise AssertionError(f"{wanted} is not reached by keyboard")
