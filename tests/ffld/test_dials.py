"""Dials as they are written on a command line."""

import pytest

from ffld.dials import turned, words
from ffld.render.named import NAMED


@pytest.mark.parametrize(
    "dials",
    [{}, {"company": 0, "calm": {"consumer": 1, "shop": 0.5}}, *map(dict, NAMED.values())],
)
def test_written_dials_are_read_again(dials):
    assert turned(words(dials)[1::2]) == dials


def test_a_name_is_given_to_the_same_order_of_weights_alone():
    setting = dict(NAMED["photographs"])
    assert words(setting) == ["--dial", "photographs"]
    other = setting | {"types": dict(reversed(setting["types"].items()))}
    assert "photographs" not in words(other)
    assert list(turned(words(other)[1::2])["types"]) == list(other["types"])
