"""Dials of the editions: each turns what it says, and nothing else."""

import numpy as np
import pytest

import ffld
from ffld.datasets.ffld import EDITION
from ffld.render import edition as editions
from ffld.render.mix import PARTS
from ffld.render.named import PHOTOGRAPHS
from ffld.schema import FFLD, Visibility


def both(value):
    return {"consumer": value, "shop": value}


@pytest.mark.parametrize("dials", [{"company": 0.0, "clutter": 0.0}, {"occlusion": 0.0}])
def test_turning_a_dial_leaves_the_rest_of_the_scene(dials):
    as_it_is = ffld.load("ffld", "val", limit=120).targets
    turned = ffld.load("ffld", "val", limit=120, dials=dials).targets
    assert (turned.garment_type == as_it_is.garment_type).all()
    pairs = zip(turned.xy, as_it_is.xy, strict=True)
    same = [np.array_equal(one, other, equal_nan=True) for one, other in pairs]
    assert np.mean(same) > 0.95  # where too little was visible, another scene was drawn
    occluded = [(t.visibility[same] == Visibility.OCCLUDED).sum() for t in (turned, as_it_is)]
    assert occluded[0] < occluded[1]
    assert turned.revision != as_it_is.revision == EDITION.revision


def test_dials_say_what_is_in_the_pictures():
    def attributes(**dials):
        return ffld.load("ffld", "val", limit=80, dials=dials).targets.attributes

    assert set(attributes(consumer=0)["style"]) == {"shop"}
    assert set(attributes(viewpoints=both({"back": 1}), flat=both(0))["viewpoint"]) == {"back"}
    still, free = (set(attributes(calm=both(share))["pose"]) for share in (1, 0))
    assert still == {"standing", "laid out"}
    assert {"sitting", "walking", "leg up"} <= free
    sharp, rough = (ffld.load("ffld", "val", limit=8, dials={"blur": b}) for b in (0, 1))
    for one, other in zip(sharp, rough, strict=True):
        assert np.array_equal(one.xy, other.xy, equal_nan=True)
        assert not np.array_equal(one.image, other.image)


def along(targets, start, middle, end):
    """How far along from start to end the middle of left sleeves lies, where all are visible."""
    slots = [targets.schema.index(f"left_{name}") for name in (start, middle, end)]
    seen = (targets.visibility[:, slots] == Visibility.VISIBLE).all(1)
    first, point, last = (targets.xy[seen, slot] for slot in slots)
    way = last - first
    return ((point - first) * way).sum(1) / (way * way).sum(1)


@pytest.mark.parametrize("length", ["short", "long"])
def test_half_sleeves_lie_half_way_along_edges_or_arms(length):
    shown = {"types": {f"{length}_sleeve_top": 1}, "company": 0, "calm": both(1)}
    edges, arms = (
        ffld.load("ffld", "val", limit=150, dials={**shown, "calibration": version}).targets
        for version in ("1.1", "1.0")
    )
    inner, outer = ("armpit", "sleeve_in", "cuff_in"), ("shoulder", "sleeve_out", "cuff_out")
    for names in (inner, outer):
        low, middle, high = np.quantile(along(edges, *names), (0.25, 0.5, 0.75))
        assert 0.4 < middle < 0.6
        assert high - low < 0.3
    assert np.median(along(arms, *inner)) < 0.42 < np.median(along(edges, *inner))
    keep = [k for k, name in enumerate(FFLD.landmarks) if "sleeve" not in name]
    moved = np.abs(edges.xy - arms.xy)[:, keep]
    assert np.nanquantile(moved, 0.9) < 2  # pixels: a sleeve's outline frames the image, too


@pytest.mark.parametrize(("viewpoint", "differ"), [("front", False), ("back", True)])
def test_prints_can_be_left_off_the_backs_and_nothing_else_changes(viewpoint, differ):
    tops = {"types": {"short_sleeve_top": 1}, "viewpoints": both({viewpoint: 1}), "company": 0}
    printed, plain = (
        ffld.load("ffld", "val", limit=16, dials={**tops, "consumer": 0, "back_prints": share})
        for share in (1, 0)
    )
    assert np.array_equal(printed.targets.xy, plain.targets.xy, equal_nan=True)
    pairs = zip(printed, plain, strict=True)
    assert any((one.image != other.image).any() for one, other in pairs) == differ


@pytest.mark.parametrize(("garment", "differ"), [("long_sleeve_top", True), ("trousers", False)])
def test_bold_shirts_differ_in_their_pictures_alone(garment, differ):
    """Shirts with buttons have no prints, and may have sleeves of one colour."""
    mix = {"types": {garment: 1}, "company": 0, "flat": both(1), "back_prints": 0}
    plain, bold = (ffld.load("ffld", "val", limit=6, dials={**mix, "bold": b}) for b in (0, 1))
    assert np.array_equal(plain.targets.xy, bold.targets.xy, equal_nan=True)
    pairs = zip(plain, bold, strict=True)
    changed = sum((one.image != other.image).any() for one, other in pairs)
    assert changed >= 4 if differ else changed == 0


def test_no_phone_is_seen_in_the_hand_that_takes_a_close_selfie():
    def phones(habit):
        turned = EDITION.turned({"consumer": 1, "flat": both(0), "habits": {habit: 1}})
        scenes = [editions.annotate_one(turned, "val", "", k).scene for k in range(40)]
        held = [layer.name for one in scenes for layer in one.people[one.target[0]].held]
        return held.count("phone")

    assert phones("close selfie") == 0 < phones("selfie")


def test_legs_cross_where_the_dial_says_so():
    def ankles_exchanged(stance):
        mix = {"types": {"trousers": 1}, "viewpoints": both({"front": 1}), "flat": both(0)}
        dials = {**mix, "calm": both(0), "stances": {stance: 1}, "habits": {"posed": 1}}
        table = ffld.load("ffld", "val", limit=60, dials=dials).targets
        left, right = (table.schema.index(f"{side}_bottom_in") for side in ("left", "right"))
        turned = table.xy[:, left, 0] > table.xy[:, right, 0]
        return turned[table.attributes["pose"] != "sitting"].mean()

    assert ankles_exchanged("crossing") > 0.5 > 0.1 > ankles_exchanged("apart")


@pytest.mark.parametrize(
    ("dials", "said"),
    [
        ({"poze": 1}, "no dial poze; there are types, consumer"),
        ({"long_side": ()}, r"long_side is \(\); it must list whole numbers from 64 to 4096"),
        ({"long_side": [256, 32]}, r"long_side is \[256, 32\]; it must list"),
        ({"long_side": 256}, "long_side is 256; it must list"),
        ({"zoom": {"shop": {(0.4, 0.9): 1}}}, "zoom must map each of consumer, shop"),
        ({"zoom": {s: {(0.9, 0.4): 1} for s in ("consumer", "shop")}}, "0 < least < most <= 4"),
        ({"zoom": {s: {(0.4, 0.9): 0} for s in ("consumer", "shop")}}, "weights, not all zero"),
        ({"stances": {"flying": 1}}, "stances must map some of standing, apart"),
        (
            {"plain": ["people"]},
            r"plain is \['people'\]; it must list some of backdrop, cloth, light",
        ),
        ({"plain": "cloth"}, "plain is 'cloth'; it must list some"),
        ({"plain": 1}, "plain is 1; it must list some"),
        ({"bold": 2}, "bold is 2; it must be from 0 to 1"),
        ("fotos", "no dials are called 'fotos'; there are photographs, and single ones"),
        ({"slim": -1}, "slim is -1; it must be from 0 to 2"),
        ({"calibration": "2"}, "calibration is '2'; it must be 1.0 or 1.1 or 1.2 or 1.3"),
        ({"loose_hair": "much"}, "loose_hair is much; it must be from 0 to 1"),
        ({"calm": both(2)}, "calm of consumer is 2; it must be from 0 to 1"),
        ({"blur": -1}, "blur is -1; it must be from 0 to 3"),
        ({"viewpoints": {"above": 1}}, "viewpoints must map each of consumer, shop"),
        ({"framing": both({"all": 1})}, "framing of consumer must map some of garment, cut"),
        ({"types": {"skirt": 0}}, "types must map some of short_sleeve_top"),
    ],
)
def test_an_impossible_dial_is_refused(dials, said):
    with pytest.raises(ffld.DataError, match=said):
        ffld.load("ffld", "val", dials=dials)


def test_photographs_have_no_dials(tmp_path):
    with pytest.raises(ffld.DataError, match="made of photographs, which have no dials"):
        ffld.load("fld", root=tmp_path, dials={"blur": 0})


def test_dials_that_have_a_name_are_those_written_down():
    by_name, by_hand = (ffld.load("ffld", "val", limit=3, dials=dials) for dials in
                        ("photographs", PHOTOGRAPHS))  # fmt: skip
    assert by_name.targets.revision == by_hand.targets.revision != EDITION.revision
    assert np.array_equal(by_name[0].image, by_hand[0].image)


def pictures(**dials):
    shown = {"consumer": 1, "flat": both(0), "blur": 0, "company": 0, "clutter": 0}
    return ffld.load("ffld", "val", limit=6, dials={**shown, **dials})


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_pictures_can_be_painted_plain_and_labels_stay(part):
    others = [other for other in PARTS if other != part]
    detailed, plain = pictures(plain=others), pictures(plain=PARTS)
    assert np.array_equal(detailed.targets.xy, plain.targets.xy, equal_nan=True)
    for one, other in zip(detailed, plain, strict=True):
        assert even(one.image) < even(other.image)


def even(image):
    """Share of pixels that hardly differ from the one below."""
    return (np.abs(np.diff(image.astype(int), axis=0)).max(-1) <= 2).mean()


def test_a_jumble_takes_the_place_of_consumer_backdrops_alone():
    shown = {"flat": both(0), "plain": ["light"]}
    for consumer in (0, 1):
        placed, jumbled = (
            ffld.load("ffld", "val", limit=6, dials={**shown, "consumer": consumer, "jumble": j})
            for j in (0, 1)
        )
        assert np.array_equal(placed.targets.xy, jumbled.targets.xy, equal_nan=True)
        pairs = zip(placed, jumbled, strict=True)
        assert all((one.image != other.image).any() == consumer for one, other in pairs)


def revision(**dials):
    return ffld.load("ffld", "val", limit=1, dials=dials).targets.revision


def test_equal_dials_have_one_revision_however_they_are_written():
    mix = EDITION.mix
    assert revision(company=0) == revision(company=0.0) == revision(company=np.float64(0))
    assert revision(plain=["cloth"]) == revision(plain=("cloth",))
    assert revision(company=mix.company, long_side=list(mix.long_side)) == EDITION.revision
    assert revision(company=0, blur=1.0) == revision(company=0)
    assert revision(calm={"consumer": 1, "shop": 0}) == revision(calm={"consumer": 1.0, "shop": 0})


def test_the_order_of_weights_is_told_because_it_is_drawn_by():
    one, other = {"posed": 1, "mirror": 1}, {"mirror": 1, "posed": 1}
    assert revision(habits=one) != revision(habits=other)


def test_revisions_of_named_dials_are_those_of_older_predictions():
    """The weights that come with the project, and what they predicted, state it."""
    written = {**PHOTOGRAPHS, "stances": {k: float(v) for k, v in PHOTOGRAPHS["stances"].items()}}
    assert revision(**written) == f"{EDITION.revision}+457ae12e"
    assert revision(company=0) == f"{EDITION.revision}+73a1a198"


def hidden(names, **dials):
    """(N, len(names)) bool: whether these landmarks of tops seen from the front are occluded."""
    shown = {"types": {"short_sleeve_top": 1}, "viewpoints": both({"front": 1}), "flat": both(0)}
    dials = {**shown, "company": 0, "clutter": 0, "habits": {"posed": 1}, **dials}
    targets = ffld.load("ffld", "val", limit=200, dials=dials).targets
    slots = [targets.schema.index(name) for name in names]
    return targets.visibility[:, slots] == Visibility.OCCLUDED


def test_hair_falls_over_collars_and_shoulders_as_far_as_the_dials_say():
    def sides(name, loose, **dials):
        names = [f"{side}_{name}" for side in ("left", "right")]
        return hidden(names, **{"long_hair": 0.95, "loose_hair": loose, **dials})

    assert sides("collar", 1).mean() > 0.2 + sides("collar", 1, long_hair=0).mean()
    apart, alike = (sides("collar", 0.5, even_hair=share) for share in (0, 1))
    assert alike.all(1).mean() > apart.all(1).mean()
    assert (alike[:, 0] ^ alike[:, 1]).mean() < (apart[:, 0] ^ apart[:, 1]).mean()
    narrow, wide = (sides("shoulder", 1, wide_hair=share) for share in (0, 1))
    assert wide.mean() > 0.2 + narrow.mean()


def test_hands_go_behind_the_back_as_often_as_the_dial_says():
    cuffs = ["left_cuff_in", "right_cuff_in"]
    long = {"types": {"long_sleeve_top": 1}, "calm": both(1)}
    shown, behind = (hidden(cuffs, **long, hidden_hands=share) for share in (0, 1))
    assert behind.mean() > 0.5 > 0.3 > shown.mean()
