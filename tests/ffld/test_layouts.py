"""Real layouts are read as they are, and a gap is found where there is one."""

import csv

import numpy as np
import pytest

from ffld.__main__ import main
from ffld.datasets.fashionai import LANDMARKS
from ffld.layout_gap import layout_gaps, table, two_sample_auc
from ffld.layouts import (
    Layouts,
    from_targets,
    in_image_order,
    normalised,
    read_table,
)
from ffld.sample import DataError, Targets
from ffld.schema import FFLD, FLD8, Visibility
from ffld.statistics import describe


def write(path, columns, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


FASHIONAI = ["image_id", "image_category", *LANDMARKS]
FLD_UPPER = [
    "image_name",
    *(f"landmark_location_{axis}_{k}" for k in range(1, 7) for axis in "xy"),
]


def fashionai_row(category, **cells):
    return ["a.jpg", category, *(cells.get(name, "-1_-1_-1") for name in LANDMARKS)]


def test_fashionai_s_table_is_read_by_name(tmp_path):
    row = fashionai_row("skirt", waistband_left="10_20_1", hemline_right="40_90_0")
    layouts = read_table(write(tmp_path / "train.csv", FASHIONAI, [row]))
    assert layouts.schema is FFLD
    assert layouts.group.tolist() == ["skirt"]
    band, hem = FFLD.index("left_waistband"), FFLD.index("right_hemline")
    assert layouts.xy[0, band].tolist() == [10.5, 20.5]
    assert layouts.xy[0, hem].tolist() == [40.5, 90.5]
    assert layouts.visibility[0, [band, hem]].tolist() == [Visibility.VISIBLE, Visibility.OCCLUDED]
    assert np.isfinite(layouts.xy[0]).all(1).sum() == 2


@pytest.mark.parametrize("told", [False, True])
def test_fld_s_table_knows_what_is_cut_off(tmp_path, told):
    columns = FLD_UPPER + [f"landmark_visibility_{k}" for k in range(1, 7)] * told
    row = ["img_1.jpg", 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 11, 12] + [0, 1, 0, 0, 2, 0] * told
    layouts = read_table(write(tmp_path / "fld.csv", columns, [row]))
    assert layouts.schema is FLD8
    collars = [FLD8.index("left_collar"), FLD8.index("right_collar")]
    assert layouts.xy[0, collars].tolist() == [[0.5, 1.5], [2.5, 3.5]]
    assert np.isnan(layouts.xy[0, FLD8.index("left_hem")]).all()
    assert (layouts.visibility is not None) == told
    if told:
        assert layouts.visibility[0, collars].tolist() == [2, 1]


def test_tables_that_cannot_be_read_say_where(tmp_path):
    row = fashionai_row("skirt", crotch="10_20", neckline_left="1_2_9")
    path = write(tmp_path / "train.csv", FASHIONAI, [row])
    with pytest.raises(
        DataError, match=r"row 2: found '1_2_9' in neckline_left, '10_20' in crotch, expected x_y_v"
    ):
        read_table(path)
    path = write(tmp_path / "fld.csv", FLD_UPPER, [["img_1.jpg", "x", *[1] * 11]])
    with pytest.raises(DataError, match="row 2, landmark 1: no numbers"):
        read_table(path)
    with pytest.raises(DataError, match="neither FashionAI's columns"):
        read_table(write(tmp_path / "other.csv", ["a", "b"], [[1, 2]]))
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        read_table(tmp_path / "bytes.csv")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        read_table(tmp_path / "missing.csv")


def test_what_a_type_has_not_is_not_cut_off():
    types = np.array(["long_sleeve_top", "long_sleeve_top", "vest"] * 100)
    owned = FFLD.type_mask[[FFLD.type_index(name) for name in types.tolist()]]
    visibility = np.where(owned, Visibility.VISIBLE, Visibility.ABSENT)
    cuff = FFLD.index("left_cuff_in")
    visibility[:30, cuff] = Visibility.ABSENT  # 20 sleeves, cut off
    xy = np.random.default_rng(0).normal(100, 30, (300, 32, 2))
    xy[visibility == Visibility.ABSENT] = np.nan
    rendered = Layouts(FFLD, np.full(300, "blouse"), xy, visibility, owned)
    (gap,) = layout_gaps(Layouts(FFLD, rendered.group, xy, visibility), rendered)
    assert gap.rates["left_cuff_in"].cut_off == 20 / 200
    assert gap.rates["right_cuff_in"].cut_off == gap.rates["left_armpit"].cut_off == 0


def test_sides_are_brought_into_image_order():
    xy = np.zeros((2, 8, 2))
    xy[0, 0], xy[0, 1] = (5, 1), (2, 3)
    xy[1, 0], xy[1, 1] = (2, 3), (5, 1)
    ordered = in_image_order(xy, FLD8)
    assert ordered[:, 0].tolist() == ordered[:1, 0].tolist() * 2 == [[2, 3]] * 2
    assert xy[0, 0].tolist() == [5, 1]


def test_the_frame_knows_neither_place_nor_size():
    xy = np.random.default_rng(0).normal(size=(5, 6, 2))
    frame = normalised(xy)
    assert np.allclose(normalised(7 * xy + [3, -2]), frame)
    assert np.allclose((frame**2).sum(-1).mean(-1), 1)
    assert not np.allclose(normalised(xy * [2, 1]), frame)  # but the garment's own shape


def skirts(count, seed, flare=0.0, group="skirt"):
    rng = np.random.default_rng(seed)
    mean = np.array([[-1, 0], [1, 0], [-1.5 - flare, 4], [1.5 + flare, 4]])
    xy = np.full((count, 32, 2), np.nan)
    slots = [FFLD.index(n) for n in FFLD.garment_types["skirt"]]
    xy[:, slots] = 100 + 50 * (mean + rng.normal(0, 0.2, (count, 4, 2)))
    visibility = np.where(np.isfinite(xy).all(-1), Visibility.VISIBLE, Visibility.ABSENT)
    visibility[: count // 4, slots[0]] = Visibility.OCCLUDED
    return Layouts(FFLD, np.full(count, group), xy, visibility.astype(np.uint8))


def test_the_same_layouts_cannot_be_told_apart_and_others_can():
    (same,) = layout_gaps(skirts(400, 0), skirts(400, 1))
    (other,) = layout_gaps(skirts(400, 0), skirts(400, 1, flare=1.0))
    assert same.auc == pytest.approx(0.5, abs=0.08)
    assert other.auc > 0.9
    assert (same.real, same.rendered) == (400, 400)
    hem = other.landmarks["right_hemline"]
    assert hem.offset[0] > 0.1
    assert hem.distance > 5 * same.landmarks["right_hemline"].distance
    rates = same.rates["left_waistband"]
    assert (rates.real_occluded, rates.occluded) == (0.25, 0.25)
    text = table([other])
    assert text.startswith("skirt: 400 real, 400 rendered, AUC ")
    assert "right_hemline" in text
    assert "25 / 25" in text


def test_parts_are_tested_one_by_one():
    real, rendered = skirts(200, 0), skirts(600, 1, flare=0.2)
    (whole,), (parted,) = layout_gaps(real, rendered), layout_gaps(real, rendered, parts=3)
    rows = [np.arange(part, 600, 3) for part in range(3)]
    ones = [
        layout_gaps(real, Layouts(FFLD, rendered.group[n], rendered.xy[n], rendered.visibility[n]))
        for n in rows
    ]
    aucs = [one.auc for (one,) in ones]
    assert parted.auc == pytest.approx(np.mean(aucs))
    assert parted.auc_error == pytest.approx(np.std(aucs, ddof=1) / 3**0.5)
    assert whole.auc_error is None
    assert (parted.rendered, parted.rates) == (600, whole.rates)
    assert f" AUC {parted.auc:.3f} ± {parted.auc_error:.3f}" in table([parted])
    with pytest.raises(DataError, match="on both sides, in each of 20 parts; raise --limit"):
        layout_gaps(real, rendered, parts=20)


def test_weights_bring_back_the_real_shares():
    rng = np.random.default_rng(0)
    real = np.concatenate([rng.normal(0, 1, 270), rng.normal(6, 1, 30)])[:, None]
    ours = np.concatenate([rng.normal(0, 1, 150), rng.normal(6, 1, 150)])[:, None]
    flat = two_sample_auc(real, ours, np.ones(300))
    weighted = two_sample_auc(real, ours, np.repeat([0.9 / 0.5, 0.1 / 0.5], 150))
    assert flat > 0.65
    assert weighted == pytest.approx(0.5, abs=0.08)


def test_what_cannot_be_compared_is_said():
    fld = Layouts(FLD8, np.array(["upper"]), np.zeros((1, 8, 2)), None)
    with pytest.raises(DataError, match="schema 'fld8', the rendered ones those of 'ffld'"):
        layout_gaps(fld, skirts(60, 0))
    with pytest.raises(DataError, match="has 50 complete ones on both sides"):
        layout_gaps(skirts(60, 0), skirts(40, 0))
    with pytest.raises(DataError, match="on both sides"):
        layout_gaps(skirts(60, 0), skirts(60, 0, group="dress"))


def test_splits_are_grouped_and_rounded_like_real_tables():
    xy = np.full((2, 32, 2), np.nan)
    xy[0, 0] = 10.3, 20.9
    targets = Targets(
        dataset="ffld", split="test", revision="1", schema=FFLD, ids=np.array(["a", "b"]), xy=xy,
        visibility=np.zeros((2, 32), np.uint8), garment_type=np.array(["vest", "shorts"]),
        box=np.zeros((2, 4)), size=np.array([[128, 256], [512, 100]]),
        rivals=np.zeros((2, 0, 32, 2)),
    )  # fmt: skip
    layouts = from_targets(targets)
    assert layouts.group.tolist() == ["blouse", "trousers"]
    assert layouts.xy[0, 0].tolist() == [20.5, 41.5]  # twice as large, then whole pixels


def test_the_command_prints_statistics_and_draws_them(tmp_path, capsys):
    arguments = ["stats", "--dataset", "fld-procedural", "--limit", "30", "--out", str(tmp_path)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert (tmp_path / "stats.json").read_text().strip() == printed.strip()
    assert '"samples": 30' in printed
    assert '"viewpoint"' in printed
    assert (tmp_path / "stats.png").read_bytes()[:4] == b"\x89PNG"


def test_boxes_at_the_border_and_landmarks_outside_are_counted():
    xy = np.full((4, 32, 2), np.nan)
    xy[:, :2] = [[50, 50], [10, 90]]
    visibility = np.zeros((4, 32), np.uint8)
    visibility[:, :2] = Visibility.VISIBLE, Visibility.OCCLUDED
    targets = Targets(
        dataset="ffld", split="test", revision="1", schema=FFLD, ids=np.array(list("abcd")), xy=xy,
        visibility=visibility, garment_type=np.array(["vest"] * 4), size=np.full((4, 2), 100),
        box=np.array([[20, 20, 80, 80], [0, 20, 80, 95], [20, 20, 80, 99.5], [5, 20, 80, 95.0]]),
        rivals=np.zeros((4, 0, 32, 2)),
    )  # fmt: skip
    about = describe(targets)
    assert about["boxes at the image's border"] == 0.5
    assert about["landmarks outside their box"] == {"visible": 0.0, "occluded": 0.5}


def test_the_command_s_errors_are_one_line(tmp_path, capsys):
    base = ["stats", "--dataset", "fld-procedural", "--limit", "5"]
    for more, said in (
        (["--compare", str(tmp_path / "none.csv")], "cannot be read as CSV"),
        (["--parts", "0"], "--parts is 0; the samples are at least one part"),
        (["--parts", "3"], "--parts is of --compare: name a table of real layouts"),
        (["--style", "vintage"], "no sample of style 'vintage'; there are"),
        (["--limit", "0"], "limit is 0; it must be at least 1"),
    ):
        assert main([*base, *more]) == 2
        error = capsys.readouterr().err
        assert error.count("error: ") == 1
        assert said in error


def test_real_tables_are_read(fixtures_root):
    layouts = read_table(fixtures_root / "layouts" / "fashionai_half.csv")
    assert len(layouts) == 3207
    assert set(layouts.group) == {"blouse", "dress", "outwear", "skirt", "trousers"}
    test = read_table(fixtures_root / "layouts" / "fld_upper_test_half.csv")
    assert (test.visibility[:, FLD8.index("left_hem")] == Visibility.ABSENT).mean() > 0.1
    train = read_table(fixtures_root / "layouts" / "fld_upper_train.csv")
    assert len(train) == 28283
    assert train.visibility is None
