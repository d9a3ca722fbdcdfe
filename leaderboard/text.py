"""Text from strangers: what is refused of it, and how every output escapes it all the same."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

LONGEST = 1000  # characters of one field
LONGEST_ADDRESS = 8192  # characters; hosts of files redirect to signed ones of more than a thousand

_MARKUP = re.compile(r"[<>|`\\]|\]\(|&#?\w+;|\$\(|\b(?:javascript|data|vbscript):", re.IGNORECASE)
_FORMULA = re.compile(r"^\s*[=+\-@]")  # what spreadsheets compute
_LOCAL = re.compile(r"(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|test|invalid)$")
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_CONFUSABLE = str.maketrans("0158|", "olsbl")  # 0 and o, 1 and l, 5 and s, 8 and b


def problems(text: object, *, ascii_only: bool = True) -> Iterator[str]:
    """What is wrong with a text field: its kind, length, markup, formulas, look-alikes.

    Args:
        ascii_only: False for names of people, which may be written in any one alphabet a word.
    """
    if not isinstance(text, str) or not text.strip():
        yield f"expected text, found {_shown(text)}"
        return
    if len(text) > LONGEST:
        yield f"is {len(text)} characters long, at most {LONGEST} are allowed"
        return
    if found := _MARKUP.search(text):
        yield f"holds markup ({_shown(found.group())}); write plain text"
    if _FORMULA.match(text):
        yield f"begins like a spreadsheet formula ({_shown(text[:12])}); begin with a letter"
    if ascii_only and not text.isascii():
        odd = next(letter for letter in text if not letter.isascii())
        yield f"holds {_named(odd)}; use ASCII, so that no letter can pass for another"
    yield from _alphabet_problems(text)


def url_problems(text: object) -> Iterator[str]:
    """What is wrong with an address: only public hosts by name, over https."""
    yield from (found := list(problems(text)))
    if not found:
        yield from address_problems(text)


def address_problems(text: str) -> Iterator[str]:
    """What is wrong with where a redirect leads: as of an address that is written in a field, but
    for the rules of text, since nobody is shown it."""
    if len(text) > LONGEST_ADDRESS or not (text.isascii() and text.isprintable()):
        yield f"is no address of at most {LONGEST_ADDRESS} printable ASCII characters"
        return
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        yield f"is no address ({error})"
        return
    host = (parts.hostname or "").lower()
    if parts.scheme != "https":
        yield f"has scheme {parts.scheme!r}, expected https"
    if parts.username is not None or port not in (None, 443):
        yield "names a user or a port; give host and path alone"
    if any(letter.isspace() for letter in text):
        yield "holds spaces"
    if not public_host(host):
        yield f"has host {host!r}, expected the name of a public one"


def public_host(host: str) -> bool:
    """Whether a host is a name, not a number, and none that stands for a local network."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return bool(_HOST.fullmatch(host)) and not _LOCAL.search(host)
    return False


def skeleton(name: str) -> str:
    """What is left of a name without case, spaces, signs and digits that pass for letters."""
    plain = unicodedata.normalize("NFKC", name).casefold().translate(_CONFUSABLE)
    return re.sub(r"[^a-z0-9]", "", plain.replace("i", "l"))


def for_markdown(text: str) -> str:
    """A cell of a Markdown table, in which nothing is a link, a tag or a sign."""
    text = re.sub(r"[\\`*\[\]<>#|~$&@]", lambda sign: f"&#{ord(sign[0])};", _line(text))
    return re.sub(r"(?<!\w)_|_(?!\w)", "&#95;", text)  # within a word it is no sign


def for_csv(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + _line(text) if re.match(r"\s*[=+\-@\t\r]", text) else _line(text)


_TEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
}  # fmt: skip


def for_tex(text: str) -> str:
    """Text that TeX prints as it stands."""
    return "".join(_TEX.get(letter, letter) for letter in _line(text))


def _line(text: str) -> str:
    return " ".join(text.split())


def _alphabet_problems(text: str) -> Iterator[str]:
    if unicodedata.normalize("NFKC", text) != text:
        yield "is not in Unicode's normal form NFKC; write its letters plainly"
    for letter in text:
        if unicodedata.category(letter)[0] == "C" or (letter.isspace() and letter != " "):
            yield f"holds {_named(letter)}, which does not show"
            return
    for word in re.findall(r"[^\W\d_]+", text):
        if len(alphabets := {_alphabet(letter) for letter in word} - {"MODIFIER"}) > 1:
            yield f"mixes alphabets in {_shown(word)} ({', '.join(sorted(alphabets))})"


def _alphabet(letter: str) -> str:
    kind = unicodedata.name(letter, "UNKNOWN").split()[0]
    return "CJK" if kind in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else kind


def _named(letter: str) -> str:
    return f"U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')}"


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
