"""A table of models that train within a second, for tests of the suite."""

from benchmark.suite.profiles import Profile
from benchmark.suite.tables import Group, Row, Table
from tests.benchmark.tiny_model import TINY

REFERENCE = Row("Tiny", TINY)
SMALL = Table(
    "small", "Tiny models", ("dots",),
    (
        Group(
            "sizes",
            (
                Row(
                    "Wide", TINY, ("channels=24",), {"FLD": 0.02},
                    {"FLD": (*[0.02] * 6, float("nan"), float("nan"))},
                ),
                Row("Tiny", TINY, (), {"FLD": 0.03}, {"FLD": (0.05,) * 8}),
                Row("Narrow", TINY, ("channels=4",), {"FLD": 0.09}, core=False),
                Row("Abroad", "", (), {"FLD": 0.05}, remark="not built here"),
            ),
        ),
        Group("controls", (Row("Future", "to-come"), Row("mean", "mean-shape", seeded=False))),
    ),
    REFERENCE,
)  # fmt: skip
QUICK = Profile(
    "cpu", "cpu", 48, 0.0625, train=48, val=12, test=16, epochs=2, flops=1e9, overhead=0
)
