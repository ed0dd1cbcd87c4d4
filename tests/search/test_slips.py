"""One slip: which beginnings and which words come of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from search.slips import begins, respaced, slips

LETTERS = "ab "
TEXT = st.text(alphabet=LETTERS, max_size=7)


def _one_slip_from(typed: str) -> set[str]:
    """All that one letter wrong, missing, too many or swapped makes of what is typed, and itself."""
    near = {typed}
    for at in range(len(typed) + 1):
        near |= {typed[:at] + letter + typed[at:] for letter in LETTERS}
        near |= {typed[:at] + letter + typed[at + 1 :] for letter in LETTERS}
        near |= {typed[:at] + typed[at + 1 :], typed[:at] + typed[at : at + 2][::-1] + typed[at + 2 :]}
    return near


@given(TEXT, TEXT)
def test_a_text_begins_as_typed_or_as_one_slip_from_it(text: str, typed: str) -> None:
    """The same as writing every slip down and comparing."""
    assert begins(text, typed) == any(text.startswith(one) for one in _one_slip_from(typed))


@given(st.lists(st.text(alphabet="ab", min_size=1, max_size=4), min_size=1, max_size=4))
def test_spaces_slip_by_one_letter(words: list[str]) -> None:
    """Every way to put one space in, leave one out or swap it with a letter, and no other."""
    line = " ".join(words)
    near = {
        one
        for one in _one_slip_from(line)
        if one != line and one.replace(" ", "") == line.replace(" ", "") and one == " ".join(one.split())
    }
    assert {" ".join(one) for one in respaced(words)} - {line} == near


@given(st.lists(st.text(alphabet="ab", min_size=1, max_size=5), min_size=1, max_size=5), st.data())
def test_every_name_one_slip_away_is_among_the_beginnings(names: list[str], data: st.DataObject) -> None:
    """Of a name whose first letter is right, or swapped with the second, no slip is left out."""
    names = sorted(set(names))
    name = data.draw(st.sampled_from(names))
    at = data.draw(st.integers(0, len(name) - 1))
    swapped = name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
    left_out = name[: at + 1] + name[at + 2 :]
    too_many, wrong = name[: at + 1] + "c" + name[at + 1 :], name[: at + 1] + "c" + name[at + 2 :]
    for typed in {swapped, left_out, too_many, wrong} - {name}:
        assert any(name.startswith(variant) for variant in (typed, *slips(names, typed))), typed
