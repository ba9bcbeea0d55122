"""What is asked of every page that a browser shows."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js").read_text()
# Preloading copies every style sheet into the page, which our policy rightly blocks.
_RUN = """async () => {
  const found = await axe.run(document, {preload: false, resultTypes: ["violations"]});
  return found.violations.map((one) => ({
    rule: one.id,
    where: one.nodes.slice(0, 5).map((node) => node.html.slice(0, 200) + " " + node.failureSummary),
  }));
}"""

_OUTSIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth)
  .map((one) => one.outerHTML.slice(0, 200)).reverse()"""


def violations(page: Page) -> list[dict[str, Any]]:
    """Every rule of axe: WCAG 2.2 A and AA, and its best practices."""
    page.evaluate(AXE)
    return list(page.evaluate(_RUN))


def sideways(page: Page) -> int:
    """How many pixels the page can be scrolled to the side."""
    return int(
        page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )


def sticking_out(page: Page) -> list[str]:
    """The deepest elements that reach past the right edge, for the message of a failure."""
    return list(page.evaluate(_OUTSIDE))[:5] if sideways(page) > 0 else []
