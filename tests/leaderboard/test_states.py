"""What is known of an entry's numbers follows from its files: recomputed, reproduced, withdrawn."""

from benchmark import Predictions
from leaderboard import stored
from leaderboard.boards import State


def state_after(board, targets, run):
    """The state of the entry `one` after somebody's run was added to it."""
    folder = board.submissions / "made-up" / "one"
    again = stored.quantised(Predictions.load(run / "predictions.parquet"), targets)
    again.save(folder / "again.parquet")
    made = {"by": "Eve", "date": "2026-01-02", "path": "again.parquet",
            "sha256": stored.digest(folder / "again.parquet")}  # fmt: skip
    board.edit("one", lambda content: content.update(reproduction=made))
    (row,) = board.rows()["made-up-test-80-annotated-notype-own"]
    return row.state


def test_states_are_computed(board, targets, capsys):
    folder = board.new("one", 0.1)
    for error, state in ((0.1, State.REPRODUCED), (0.2, State.RECOMPUTED)):
        assert state_after(board, targets, board.run(error)) is state
        assert board.check(folder, capsys) == []
    board.edit(
        "one", lambda content: content.update(withdrawn={"date": "2026-01-03", "reason": "a leak"})
    )
    assert board.rows() == {}
    assert "| one | Method one | 2026-01-03 | a leak |" in board.build().files["made-up.md"]


def test_another_seed_reproduces_an_entry_by_the_spread_of_its_board(board, targets):
    board.new("one", 0.1)
    assert state_after(board, targets, board.run(0.102, 1)) is State.REPRODUCED  # two percent


def test_wild_seeds_make_no_reproduction(board, targets):
    board.draft("one", [board.run(0.1, 0, "wild"), board.run(0.3, 1, "wild")])
    assert state_after(board, targets, board.run(0.23, 2)) is State.RECOMPUTED
