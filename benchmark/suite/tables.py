"""What stands in the LGR paper's tables 1 to 3, and in our table of repairs: rows as literals.

Reported figures are those of Yu et al., CVPR 2019: NE on photographs that this project does not
hold, by an evaluator that the paper does not state. They stand beside ours, never among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One line of a table: a model, and those settings in which it departs from its defaults.

    Attributes:
        model: as `--model` takes it; "" for what only the paper has.
        settings: as `--set` takes them.
        reported: the paper's data set -> its "Avg." there.
        landmarks: the paper's data set -> its NE of the eight landmarks, in our order; NaN for "-".
        remark: what a reader must know of this row.
        seeded: whether the seed makes a difference; a fitted model has none.
        core: whether the table's claim cannot be judged without it.
    """

    label: str
    model: str = ""
    settings: tuple[str, ...] = ()
    reported: Mapping[str, float] = field(default_factory=dict)
    landmarks: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    remark: str = ""
    seeded: bool = True
    core: bool = True


REFERENCE = Row("LGR", "lgr")


@dataclass(frozen=True)
class Group:
    """Rows that the paper compares with each other, in its order."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: as `--table` takes it.
        datasets: that it is run on unless others are asked for.
        reference: what every other row is compared with.
    """

    name: str
    title: str
    datasets: tuple[str, ...]
    groups: tuple[Group, ...]
    reference: Row = REFERENCE

    def rows(self) -> Iterator[tuple[Group, Row]]:
        """Every row with its group."""
        return ((group, row) for group in self.groups for row in group.rows)


_NONE = float("nan")
_AS_PRINTED = (
    "variant=paper",
    "head=shared",
    "sigma=2.0",
    "decoder=subpixel",
)


def _stacks(count: str, number: int, fld: float, core: bool = True) -> Row:
    settings = () if number == 4 else (f"stacks={number}",)
    return Row(f"{count} stacks" if number > 1 else f"{count} stack", "lgr", settings,
               {"FLD": fld}, core=core)  # fmt: skip


def _plain(count: str, number: int, fld: float, deepfashion: float, core: bool = False) -> Row:
    reported = {"FLD": fld, "DeepFashion": deepfashion}
    return Row(f"{count}-layer", "lgr", (f"plain_layers={number}",), reported, core=core)


def _clusterings(count: str, number: int, fld: float, deepfashion: float, core: bool) -> Row:
    settings = () if number == 3 else (f"clusterings={number}",)
    reported = {"FLD": fld, "DeepFashion": deepfashion}
    return Row(f"{count}-clustering", "lgr", settings, reported, core=core)


def _injected(block: int, fld: float, core: bool = True) -> Row:
    settings = () if block == 5 else (f"inject={block}",)
    return Row(f"VGG16 ConvBlock{block}", "lgr", settings, {"FLD": fld}, core=core)


_METHODS = Group(
    "methods",
    (
        Row(
            "FashionNet", "fashionnet", (), {"FLD": 0.0859, "DeepFashion": 0.0872},
            {
                "FLD": (0.0784, 0.0803, 0.0975, 0.0923, 0.0874, 0.0821, 0.0802, 0.0893),
                "DeepFashion": (0.0854, 0.0902, 0.0973, 0.0935, 0.0854, 0.0845, 0.0812, 0.0823),
            },
        ),
        Row(
            "PyraNet", "pyranet", (), {"FLD": 0.0723, "DeepFashion": 0.0719},
            {
                "FLD": (0.0341, 0.0341, 0.0610, 0.0620, 0.0920, 0.0921, 0.0314, 0.0291),
                "DeepFashion": (0.0343, 0.0343, 0.0602, 0.0613, 0.0920, 0.0931, 0.0308, 0.0291),
            },
        ),
        Row(
            "DFA", "", (), {"FLD": 0.068, "DeepFashion": 0.0660},
            {
                "FLD": (0.048, 0.048, 0.091, 0.089, _NONE, _NONE, 0.071, 0.072),
                "DeepFashion": (0.0628, 0.0637, 0.0658, 0.0621, 0.0726, 0.0702, 0.0658, 0.0663),
            },
            "must be told the type of the garment, a model for each of three; not built here",
        ),
        Row(
            "DLAN", "", (), {"FLD": 0.0672, "DeepFashion": 0.0643},
            {
                "FLD": (0.0531, 0.0547, 0.0705, 0.0735, 0.0752, 0.0748, 0.0693, 0.0675),
                "DeepFashion": (0.0570, 0.0611, 0.0672, 0.0647, 0.0703, 0.0694, 0.0624, 0.0627),
            },
            "finds the box itself, hence not like for like; not built here",
        ),
        Row(
            "BCRNNs", "bcrnn", (), {"FLD": 0.0583, "DeepFashion": 0.0484},
            {
                "FLD": (0.0463, 0.0471, 0.0627, 0.0614, 0.0635, 0.0692, 0.0635, 0.0527),
                "DeepFashion": (0.0415, 0.0404, 0.0496, 0.0449, 0.0502, 0.0523, 0.0537, 0.0551),
            },
        ),
        Row(
            "LGR (ours)", "lgr", (), {"FLD": 0.0419, "DeepFashion": 0.0336},
            {
                "FLD": (0.0423, 0.0152, 0.0502, 0.0735, 0.0195, 0.0512, 0.0452, 0.0393),
                "DeepFashion": (0.0270, 0.0116, 0.0286, 0.0347, 0.0307, 0.0435, 0.0160, 0.0162),
            },
        ),
    ),
)  # fmt: skip

_CONTROLS = Group(
    "controls, not in the paper",
    (
        Row("vgg16", "vgg16", remark="the shared network with nothing in its middle"),
        Row("vgg16-pyramid", "vgg16-pyramid", remark="LGR's stack without its layers", core=False),
        Row("global-context", "global-context", remark="one vector in place of the graph"),
        Row("LGR as printed", "lgr", ("variant=paper",), remark="with its own head, at stride 16"),
        Row("mean-shape", "mean-shape", seeded=False, remark="is told the type of the garment"),
    ),
)

_SHARED = Group(
    "what is theirs in the shared network, not in the paper",
    (
        Row("FashionNet, shared head", "fashionnet", ("head=shared",), core=False),
        Row("PyraNet, shared head", "pyranet", ("head=shared", "features=224"), core=False,
            remark="as wide as gives LGR's number of parameters"),
        Row("BCRNN, shared head", "bcrnn", ("head=shared",), core=False),
    ),
)  # fmt: skip

TABLES = (
    Table(
        "1", "Comparison with other methods", ("fld-procedural", "deepfashion-procedural"),
        (_METHODS, _CONTROLS),
    ),
    Table(
        "2", "Ablations of LGR", ("fld-procedural",),
        (
            Group(
                "different stack numbers",
                (
                    Row("VGG16", "vgg16", (), {"FLD": 0.0871}),
                    _stacks("one", 1, 0.0711),
                    _stacks("two", 2, 0.0535),
                    _stacks("three", 3, 0.0529, core=False),
                    _stacks("four", 4, 0.0419),
                    _stacks("five", 5, 0.0405, core=False),
                ),
            ),
            Group(
                "different graph layers",
                (
                    _plain("one", 1, 0.0531, 0.0482),
                    _plain("two", 2, 0.0471, 0.0437, core=True),
                    _plain("four", 4, 0.0639, 0.0562),
                    _plain("six", 6, 0.0644, 0.0638),
                    _plain("eight", 8, 0.0954, 0.0779, core=True),
                    Row(
                        "eight-layer, residual", "lgr", ("plain_layers=8", "plain_residual=true"),
                        remark="a control against over-smoothing, not in the paper", core=False,
                    ),
                ),
            ),
            Group(
                "different number of graph clustering and deconvolution",
                (
                    _clusterings("one", 1, 0.0488, 0.0403, core=True),
                    _clusterings("two", 2, 0.0443, 0.0372, core=False),
                    _clusterings("three", 3, 0.0419, 0.0336, core=True),
                ),
            ),
            Group(
                "different injected layers",
                (_injected(1, 0.0811, core=False), _injected(3, 0.0574), _injected(5, 0.0419)),
            ),
        ),
    ),
    Table(
        "3", "Different models on FFLD", ("ffld",),
        (
            Group(
                "methods",
                (
                    Row("FashionNet", "fashionnet", (), {"FFLD": 0.2031}),
                    Row("PyraNet", "pyranet", (), {"FFLD": 0.1423}),
                    Row("GCN", "gcn", (), {"FFLD": 0.1272}),
                    Row("BCRNN", "bcrnn", (), {"FFLD": 0.1226}),
                    Row("LGR (ours)", "lgr", (), {"FFLD": 0.1180}),
                ),
            ),
            _CONTROLS,
            _SHARED,
        ),
    ),
    Table(
        "repairs", "LGR's repairs, taken back one at a time", ("ffld",),
        (
            Group(
                "our default, and one repair less",
                (
                    Row("LGR", "lgr"),
                    *(
                        Row(f"LGR, {setting}", "lgr", (setting,))
                        for setting in (
                            "vote=nodes", "score=additive", "topdown=clustered", "embedding=false",
                            "node_norm=false", "coordinates=false", "residual=plain",
                        )
                    ),
                ),
            ),
            Group(
                "all of them less",
                (
                    Row("LGR as printed, shared head", "lgr", _AS_PRINTED),
                    Row("LGR as printed", "lgr", ("variant=paper",)),
                ),
            ),
        ),
    ),
)  # fmt: skip
