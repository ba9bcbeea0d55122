"""Messages as people send them, with what became of the token: the corpus of `accuracy`.

Drawn from a seed, so that a number always is the same message. A case tells which click it
came from, and nothing here knows how the product reads a text.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import quote

from tests.bench.lookalikes import lookalike, sentence


class Kind(StrEnum):
    """What became of the token on the way."""

    INTACT = "intact"
    DECORATED = "decorated"
    DAMAGED = "damaged"  # one slip in its ten characters
    MARK = "mark"  # one slip in the `vm_token:` before it
    ABSENT = "absent"
    FORWARDED = "forwarded"  # intact, and brought by somebody else before
    WAITING = "waiting"  # intact, and a lead waits under it for whoever brings it
    TRAP = "trap"  # looks right and belongs to nobody, or to nobody here and now


@dataclass(frozen=True, slots=True)
class Case:
    """`token` is that of the click the message came from; None when there is none. `lead_id`
    is the lead that waits for this person; without one it has to be a lead of their own."""

    kind: Kind
    how: str
    text: str
    token: str | None
    lead_id: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead that nobody has met, and the token it waits under."""

    token: str
    lead_id: int
    is_clicked: bool  # a click has that token as well


@dataclass(frozen=True, slots=True)
class Clicks:
    """Tokens to write messages from. Each of `fresh` is used for one message at most."""

    fresh: list[str]  # of the last 72 hours on this channel
    old: list[str]  # older ones, which nobody has brought
    elsewhere: Sequence[str]  # of the last 72 hours on another channel
    twins: list[tuple[str, str, str]]  # two fresh ones, and what is one slip from both
    brought: list[str] = field(
        default_factory=list
    )  # by somebody, in the order they were
    waiting: list[Waiting] = field(default_factory=list)


# --- decoration ---------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Line:
    """The line with the token, in parts that decorations change."""

    token: str
    mark: str = "vm_token"
    between: str = ":"
    left: str = ""
    right: str = ""

    @property
    def text(self) -> str:
        return f"{self.left}{self.mark}{self.between}{self.token}{self.right}"


Decoration = Callable[[Line, random.Random], Line]

_EMOJI = ("😀", "🙏🏽", "❤️", "👩🏽‍🍳", "🎂", "✅", "🇧🇷", "👉", "⭐️")
_QUOTES = (
    *(("“", "”"), ('"', '"'), ("«", "»"), ("'", "'"), ("\u2018", "\u2019"), ("(", ")")),
    *(("[", "]"), ("<", ">"), ("「", "」"), ("„", "“")),
)
_MARKDOWN = ("*", "_", "~", "`", "```", "**", "__", "*_", "> ")
_INVISIBLE = (
    *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e"),
    *("\u202a", "\u202c", "\u2066", "\u2069", "\u061c", "\ufe0f", "\u034f"),
)
_SPACES = (" ", "  ", "\u00a0", "\u2009", "\u3000", "\t")
_BREAKS = ("\n", "\r\n", "\n\n", "\u2028", "\n > ")
_NEXT_WORDS = (
    "quero",
    "oi",
    "Olá",
    "bom",
    "hello",
    "thanks",
    "quanto",
    "preço",
    "please",
)
_FANCY = str.maketrans(
    {
        **{chr(65 + n): chr(0x1D5D4 + n) for n in range(26)},
        **{chr(48 + n): chr(0x1D7EC + n) for n in range(10)},
    }
)
_WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(33, 127)})


def _case(line: Line, luck: random.Random) -> Line:
    def mixed(text: str) -> str:
        return "".join(luck.choice((char.lower(), char.upper())) for char in text)

    change = luck.choice((str.lower, str.upper, str.title, mixed))
    return replace(line, mark=change(line.mark), token=change(line.token))


def _spaced(line: Line, luck: random.Random) -> Line:
    before, after = luck.choice(("", *_SPACES)), luck.choice(_SPACES)
    return replace(line, between=f"{before}:{after}")


def _broken(line: Line, luck: random.Random) -> Line:
    return replace(line, between=line.between + luck.choice(_BREAKS))


def _cut(line: Line, luck: random.Random) -> Line:
    """A space, a hyphen or a line break inside."""
    at = luck.randrange(1, len(line.token))
    cut = luck.choice((" ", "-", "\n", "\u00a0", " - "))
    return replace(line, token=line.token[:at] + cut + line.token[at:])


def _emoji(line: Line, luck: random.Random) -> Line:
    one, other = luck.choice(_EMOJI), luck.choice(_EMOJI)
    between = line.between + luck.choice(("", one, f" {one} ", one + other))
    return replace(line, between=between, right=other + line.right)


def _quoted(line: Line, luck: random.Random) -> Line:
    opening, closing = luck.choice(_QUOTES)
    if luck.random() < 0.5:
        between = line.between + opening
        return replace(line, between=between, right=closing + line.right)
    return replace(line, left=line.left + opening, right=closing + line.right)


def _markdown(line: Line, luck: random.Random) -> Line:
    sign = luck.choice(_MARKDOWN)
    if luck.random() < 0.2:
        return replace(line, mark=line.mark.replace("_", "\\_"))
    if luck.random() < 0.5:
        return replace(line, between=line.between + sign, right=sign + line.right)
    return replace(line, left=line.left + sign, right=sign + line.right)


def _invisible(line: Line, luck: random.Random) -> Line:
    def strewn(text: str) -> str:
        at = luck.randrange(len(text) + 1)
        return text[:at] + luck.choice(_INVISIBLE) + text[at:]

    return replace(line, mark=strewn(line.mark), token=strewn(strewn(line.token)))


def _fancy(line: Line, luck: random.Random) -> Line:
    table = luck.choice((_FANCY, _WIDE))
    return replace(line, token=line.token.upper().translate(table))


def _read_aloud(line: Line, luck: random.Random) -> Line:
    """O for 0, and I or L for 1, as people type what they read."""
    typed = line.token.replace("0", luck.choice("Oo"))
    return replace(line, token=typed.replace("1", luck.choice("IiLl")))


def _typed_on(line: Line, luck: random.Random) -> Line:
    return replace(line, right=luck.choice(_NEXT_WORDS))


def _marked_otherwise(line: Line, luck: random.Random) -> Line:
    mark = luck.choice(("vm token", "vm-token", "VM__TOKEN", "vmtoken", "vm.token"))
    return replace(
        line, mark=mark, between=luck.choice((": ", " = ", " ", " -> ", ":"))
    )


def _in_a_link(line: Line, luck: random.Random) -> Line:
    start = quote(luck.choice(("Oi! ", "Quero saber mais\n", "")), safe="")
    return replace(
        line, left=f"https://wa.me/5511999990000?text={start}", between="%3A"
    )


DECORATIONS: dict[str, Decoration] = {
    "case": _case,
    "spaces": _spaced,
    "line break": _broken,
    "cut": _cut,
    "emoji": _emoji,
    "quotes": _quoted,
    "Markdown": _markdown,
    "zero-width": _invisible,
    "fancy letters": _fancy,
    "lookalikes": _read_aloud,
    "typed on": _typed_on,
    "mark": _marked_otherwise,
    "link": _in_a_link,
}
# These keep to themselves; the others come in pairs as well.
_ALONE = frozenset({"typed on", "link", "mark"})
_MILD = ("case", "spaces", "line break", "quotes", "Markdown")


def _decorated(token: str, luck: random.Random) -> tuple[str, Line]:
    names = [luck.choice(list(DECORATIONS))]
    if names[0] not in _ALONE and luck.random() < 0.5:
        others = [one for one in DECORATIONS if one not in (*_ALONE, *names)]
        names.append(luck.choice(others))
    line = Line(token)
    for name in sorted(names, key=list(DECORATIONS).index):
        line = DECORATIONS[name](line, luck)
    return " + ".join(names), line


# --- damage -------------------------------------------------------------------
_TYPED_WRONG = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz.,-/ _éçã*😀"
_AS_MEANT = str.maketrans("OIL", "011")


def _wrong(text: str, luck: random.Random) -> str:
    at = luck.randrange(len(text))
    return text[:at] + luck.choice(_TYPED_WRONG) + text[at + 1 :]


def _missing(text: str, luck: random.Random) -> str:
    at = luck.randrange(len(text))
    return text[:at] + text[at + 1 :]


def _doubled(text: str, luck: random.Random) -> str:
    at = luck.randrange(len(text))
    return text[:at] + text[at] + text[at:]


def _swapped(text: str, luck: random.Random) -> str:
    at = luck.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


DAMAGES: dict[str, Callable[[str, random.Random], str]] = {
    "wrong": _wrong,
    "missing": _missing,
    "doubled": _doubled,
    "swapped": _swapped,
}


def damaged(text: str, how: str, luck: random.Random) -> str:
    """The text after one slip that really changed something a reader would notice."""
    while True:
        left = DAMAGES[how](text, luck)
        if left.upper().translate(_AS_MEANT) != text.upper():
            return left


# --- cases --------------------------------------------------------------------
def make_cases(clicks: Clicks, count: int, luck: random.Random) -> list[Case]:
    """`count` messages in the shares of `_SHARES`, in one order for every run."""
    kinds = luck.choices(list(_SHARES), weights=list(_SHARES.values()), k=count)
    return [_MAKERS[kind](clicks, luck) for kind in kinds]


def _intact(clicks: Clicks, luck: random.Random) -> Case:
    if clicks.old and luck.random() < 0.1:
        token = clicks.old.pop(luck.randrange(len(clicks.old)))
        text = _around(Line(token).text, luck)
        return Case(Kind.INTACT, "of an old click", text, token)
    token = clicks.fresh.pop()
    clicks.brought.append(token)
    return Case(Kind.INTACT, "as written", _around(Line(token).text, luck), token)


def _forwarded(clicks: Clicks, luck: random.Random) -> Case:
    """Half of them at once, so that both people are in the corridor at the same time."""
    if not clicks.brought:
        return _intact(clicks, luck)
    is_at_once = luck.random() < 0.5
    token = clicks.brought[-1] if is_at_once else luck.choice(clicks.brought)
    how = "at once" if is_at_once else "later"
    return Case(Kind.FORWARDED, how, _around(Line(token).text, luck), token)


def _awaited(clicks: Clicks, luck: random.Random) -> Case:
    if not clicks.waiting:
        return _intact(clicks, luck)
    one = clicks.waiting.pop()
    how = "with a click" if one.is_clicked else "without a click"
    token = one.token if one.is_clicked else None
    text = _around(Line(one.token).text, luck)
    return Case(Kind.WAITING, how, text, token, one.lead_id)


def _dressed(clicks: Clicks, luck: random.Random) -> Case:
    token = clicks.fresh.pop()
    clicks.brought.append(token)
    how, line = _decorated(token, luck)
    return Case(Kind.DECORATED, how, _around(line.text, luck), token)


def _slipped(clicks: Clicks, luck: random.Random) -> Case:
    token = clicks.fresh.pop()
    how = luck.choice(list(DAMAGES))
    line = Line(damaged(token, how, luck))
    if luck.random() < 0.3:
        line = DECORATIONS[luck.choice(_MILD)](line, luck)
    return Case(Kind.DAMAGED, how, _around(line.text, luck), token)


def _mark_slipped(clicks: Clicks, luck: random.Random) -> Case:
    token = clicks.fresh.pop()
    how = luck.choice(list(DAMAGES))
    mark = damaged("vm_token:", how, luck)
    return Case(Kind.MARK, how, _around(mark + token, luck), token)


def _nothing(clicks: Clicks, luck: random.Random) -> Case:
    return Case(Kind.ABSENT, "", _around("", luck), None)


TRAPS = ("stranger", "twice", "old", "elsewhere", "twins", "brought", "awaited")


def _trap(clicks: Clicks, luck: random.Random) -> Case:
    how = luck.choice(list(TRAPS))
    slip = luck.choice(list(DAMAGES))
    stranger = "".join(luck.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=10))
    token = None
    if how == "twins" and clicks.twins:
        text = Line(clicks.twins.pop()[2]).text
    elif how == "twice":  # whoever finds it nevertheless has found the right one
        token = clicks.fresh.pop()
        text = Line(damaged(damaged(token, slip, luck), "wrong", luck)).text
    elif how == "old" and clicks.old:
        text = Line(damaged(luck.choice(clicks.old), slip, luck)).text
    elif how == "elsewhere" and clicks.elsewhere:
        text = Line(damaged(luck.choice(clicks.elsewhere), slip, luck)).text
    elif how == "brought" and clicks.brought:
        text = Line(damaged(luck.choice(clicks.brought), slip, luck)).text
    elif how == "awaited" and clicks.waiting:  # the click's, and a lead of their own
        one = clicks.waiting.pop()
        token = one.token if one.is_clicked else None
        text = Line(damaged(one.token, slip, luck)).text
    else:
        text = Line(stranger).text if luck.random() < 0.5 else stranger
    return Case(Kind.TRAP, how, _around(text, luck), token)


_SHARES = {
    Kind.INTACT: 17,
    Kind.DECORATED: 25,
    Kind.DAMAGED: 25,
    Kind.MARK: 5,
    Kind.ABSENT: 20,
    Kind.FORWARDED: 2,
    Kind.WAITING: 1,
    Kind.TRAP: 5,
}
_MAKERS: dict[Kind, Callable[[Clicks, random.Random], Case]] = {
    Kind.INTACT: _intact,
    Kind.DECORATED: _dressed,
    Kind.DAMAGED: _slipped,
    Kind.MARK: _mark_slipped,
    Kind.ABSENT: _nothing,
    Kind.FORWARDED: _forwarded,
    Kind.WAITING: _awaited,
    Kind.TRAP: _trap,
}


def _around(line: str, luck: random.Random) -> str:
    """The line with the token in a message of its language, beside what looks like one."""
    language = luck.choice(("pt", "pt", "en"))
    before = [sentence(language, luck) for _ in range(luck.randrange(3))]
    after = [sentence(language, luck) for _ in range(luck.randrange(2))]
    for _ in range(luck.choice((0, 1, 1, 2, 3))):
        luck.choice((before, after)).append(lookalike(language, luck))
    parts = [" ".join(before), line, " ".join(after)]
    return luck.choice(("\n", "\n", " ")).join(part for part in parts if part)
