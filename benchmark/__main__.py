"""python -m benchmark: what commands there are, a line each."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent
_CALL = "python -m benchmark."


def commands() -> Iterator[tuple[str, str]]:
    """Every command with what it does: the first line of the docstring of its file."""
    for path in sorted([*_FOLDER.glob("*.py"), *_FOLDER.glob("*/__main__.py")]):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        call, colon, what = text.partition("\n")[0].partition(": ")
        if colon and call.startswith(_CALL):
            yield call, what


def main(argv: Sequence[str] | None = None) -> int:
    """Print the list; 2 where something else was asked for."""
    asked = [word for word in (sys.argv[1:] if argv is None else argv) if word[:1] != "-"]
    known = dict(commands())
    if asked:
        call = f"{_CALL}{asked[0]}"
        advice = f"call it as {call}" if call in known else "without it, it lists what there is"
        print(f"error: python -m benchmark takes no command; {advice}", file=sys.stderr)
        return 2
    width = max(map(len, known))
    for call, what in sorted(known.items()):
        print(f"{call:{width}}  {what.rstrip('.')}")
    print("\n--help after any of them says more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
