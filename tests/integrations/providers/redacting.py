"""Bodies of anything JSON can say, to hold what takes secrets out of them against."""

import json
from collections.abc import Callable, Collection, Sequence

from hypothesis import strategies as st


def bodies(words: Sequence[str]) -> st.SearchStrategy[dict[str, object]]:
    """With these words among the names and the values."""
    names = st.text(max_size=6) | st.sampled_from(words)
    values: st.SearchStrategy[object] = st.recursive(
        st.none() | st.integers() | names,
        lambda inner: st.lists(inner) | st.dictionaries(names, inner),
        max_leaves=15,
    )
    return st.dictionaries(names, values)


def without(value: object, hidden: Collection[str]) -> object:
    """Without what may be taken out, wherever it stands."""
    if isinstance(value, dict):
        kept = ((key, one) for key, one in value.items() if key not in hidden)
        return {key: without(one, hidden) for key, one in kept}
    return [without(one, hidden) for one in value] if isinstance(value, list) else value


def check_the_rest_stays(
    redact: Callable[[bytes], bytes],
    value: object,
    hidden: Collection[str],
    *,
    is_ascii: bool,
) -> None:
    """The body stays JSON, with all other values, and redacting it again changes nothing."""
    body = json.dumps(value, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")

    kept = redact(body)

    assert without(json.loads(kept), hidden) == without(value, hidden)
    assert redact(kept) == kept
