"""Validation of FLD and DeepFashion2 trees: each fault put in by hand is found where it is."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from ffld.__main__ import main
from ffld.validate import items, lists, pictures, validate
from tests.ffld import miniature
from tests.ffld.miniature import FLD_ROWS, FULL, LOWER, UPPER, Row, content, item


def problems(folder, dataset, images="header"):
    found = []
    validate(folder, dataset, images=images, tell=found.append)
    return found


def places(found):
    return {(problem.rule, problem.file, problem.row) for problem in found}


@pytest.fixture
def fld(tmp_path):
    return miniature.write_fld(tmp_path / "fld")


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("images", ["none", "header", "decode"])
def test_sound_trees_have_no_problem(fld, tmp_path, images):
    assert problems(fld, "fld", images) == []
    assert problems(miniature.write_deepfashion(tmp_path / "df"), "deepfashion", images) == []
    items = miniature.write_deepfashion2(tmp_path / "df2")
    # the miniature's points lie on one slanted line, which no rule of layouts forbids
    assert problems(items, "deepfashion2", images) == []


def test_every_fault_of_lists_is_found_in_its_line(fld):
    anno, parts = fld / "Anno", fld / "Eval/list_eval_partition.txt"
    landmarks, boxes = anno / "list_landmarks.txt", anno / "list_bbox.txt"
    names = [row.name for row in FLD_ROWS]
    lines = landmarks.read_text().splitlines()
    lines[2] = lines[2].replace(" 0 018 008", " 7 018 008").replace("1  1 ", "1  9 ", 1)
    lines[3] = lines[3].replace("2 000 000", "2 005 005")
    lines[4] = lines[4].replace("1 034 029", "0 000 000")
    lines[5] = lines[5].replace("0 018 008", "0 999 008")
    lines[6] = lines[6].replace("034", "three")
    lines.append("img/stranger.jpg 1 1" + " 0 10 10" * 6)
    lines.append(lines[7])
    landmarks.write_text("\n".join(lines) + "\n")
    rows = boxes.read_text().splitlines()
    rows[2] = f"{names[0]} 005 004 004 060"  # whose landmarks cannot be read either
    rows[7] = f"{names[5]} 042 004 005 060"
    rows[8] = f"{names[6]} 005 004 006 060"
    rows[9] = f"{names[7]} 005 004 900 060"
    del rows[10]
    boxes.write_text("\n".join(rows) + "\n")
    edit(parts, names[8] + " " * (61 - len(names[8])) + "test", names[8] + " nowhere")
    with parts.open("a") as file:
        file.write("../../secret.jpg test\n")
    found = problems(fld, "fld")
    assert places(found) >= {
        ("row-malformed", "Anno/list_landmarks.txt", "3"),
        ("coordinate-of-absent", "Anno/list_landmarks.txt", "4"),
        ("coordinate-missing", "Anno/list_landmarks.txt", "5"),
        ("landmark-outside", "Anno/list_landmarks.txt", "6"),
        ("row-malformed", "Anno/list_landmarks.txt", "7"),
        ("row-unlisted", "Anno/list_landmarks.txt", "12"),
        ("id-duplicate", "Anno/list_landmarks.txt", "13"),
        ("box-inverted", "Anno/list_bbox.txt", "3"),
        ("box-inverted", "Anno/list_bbox.txt", "8"),
        ("box-small", "Anno/list_bbox.txt", "9"),
        ("box-outside", "Anno/list_bbox.txt", "10"),
        ("row-malformed", "Eval/list_eval_partition.txt", "11"),
        ("file-outside", "Eval/list_eval_partition.txt", "12"),
        ("count", "Anno/list_landmarks.txt", "1"),
    }
    # two faults of one row are two problems
    third = [p.field for p in found if p.row == "3" and p.rule == "row-malformed"]
    assert third == ["variation_type", "landmark_visibility"]
    for problem in found:
        assert problem.found
        assert problem.expected
        assert problem.remedy


def test_missing_rows_and_lists_are_found(fld):
    rows = (fld / "Anno/list_bbox.txt").read_text().splitlines()
    (fld / "Anno/list_bbox.txt").write_text("\n".join(rows[:-1]) + "\n")
    found = problems(fld, "fld")
    assert [p.sample for p in found if p.rule == "row-missing"] == [
        FLD_ROWS[-1].name.removesuffix(".jpg")
    ]
    (fld / "Anno/list_bbox.txt").write_bytes(b"\x80\x04cos\nsystem\n")
    assert ("file-unreadable", "Anno/list_bbox.txt", "") in places(problems(fld, "fld"))
    (fld / "Anno/list_bbox.txt").unlink()
    assert ("file-missing", "Anno/list_bbox.txt", "") in places(problems(fld, "fld"))
    assert [p.rule for p in problems(fld / "Img", "fld")] == ["file-missing"]


def test_every_fault_of_images_is_found(fld, tmp_path, monkeypatch):
    files = [fld / "Img" / row.name for row in FLD_ROWS]
    files[0].unlink()
    files[1].write_bytes(b"GIF89a no picture")
    files[2].write_bytes(files[2].read_bytes()[:-200])
    secret = tmp_path / "secret.jpg"
    shutil.copy(files[3], secret)
    files[3].unlink()
    files[3].symlink_to(secret)
    monkeypatch.setattr(pictures, "MOST_PIXELS", 10_000)
    Image.new("RGB", (101, 100)).save(files[4])
    (fld / "Anno/cache.pkl").write_bytes(b"cos\nsystem\n(S'touch /tmp/x'\ntR.")
    noise = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    Image.fromarray(noise).save(files[5], quality=95)
    shutil.copy(files[5], files[6])
    Image.fromarray(noise).save(files[7], quality=80)
    found = problems(fld, "fld", "duplicates")
    name = [f"Img/{row.name}" for row in FLD_ROWS]
    assert places(found) >= {
        ("image-missing", name[0], ""),
        ("image-undecodable", name[1], ""),
        ("image-undecodable", name[2], ""),
        ("file-outside", name[3], ""),
        ("image-too-large", name[4], ""),
        ("file-unexpected", "Anno/cache.pkl", ""),
        ("image-identical", name[5], ""),
        ("image-near-duplicate", name[5], ""),
    }
    assert problems(fld, "fld", "none") == [p for p in found if p.rule in ("file-outside",
        "file-unexpected", "image-missing")]  # fmt: skip


def test_every_fault_of_items_is_found(tmp_path):
    top = item(1)
    outside = item(9, points=[(n, 900 if n == 5 else 10 + n, 2) for n in range(1, 9)])
    stray = item(9, points=[(n, n + 10, 0 if n == 1 else 2) for n in range(1, 9)])
    one = item(9, points=[(20, 20, 2)] * 8)
    both = {**item(8), "category_id": 99, "bounding_box": [1, 2, 3]}
    train = {
        "000001": content(top, top),
        "000002": content(outside),
        "000003": content(stray),
        "000004": content(one),
        "000005": content(both),
        "000006": content(item(9, box=(2, 3, 2000, 60))),
        "000007": content({**item(9), "landmarks": [float("nan")] * 24}),
        "000008": content(item(9)),
        "000009": content(item(9)),
    }
    root = miniature.write_deepfashion2(tmp_path, train=train)
    (root / "train/annos/000008.json").write_text('{"item1": [[[')
    (root / "train/image/000009.jpg").unlink()
    miniature.write_image(root / "train/image/000010.jpg")
    found = problems(root, "deepfashion2")
    annos = "train/annos/00000{}.json"
    assert places(found) >= {
        ("garments-identical", annos.format(1), "item1"),
        ("garments-identical", annos.format(1), "item2"),
        ("landmark-outside", annos.format(2), "item1"),
        ("far-from-box", annos.format(2), "item1"),
        ("coordinate-of-absent", annos.format(3), "item1"),
        ("points-identical", annos.format(4), "item1"),
        ("row-malformed", annos.format(5), "item1"),
        ("box-outside", annos.format(6), "item1"),
        ("row-malformed", annos.format(7), "item1"),
        ("row-malformed", annos.format(8), ""),
        ("image-missing", "train/image/000009.jpg", ""),
        ("row-missing", "train/annos/000010.json", ""),
    }
    fields = {p.field for p in found if p.file == annos.format(5)}
    assert fields == {"category_id", "bounding_box"}
    assert {p.rule for p in found if p.file.startswith("validation")} == set()


@pytest.mark.parametrize(
    ("points", "viewpoint", "rule"),
    [
        # collar and hem each clearly there, one of them turned round
        ({2: (40, 10), 6: (10, 10), 15: (10, 50), 17: (40, 50)}, 0, "pairs-opposed"),
        ({2: (40, 10), 6: (10, 10), 15: (40, 50), 17: (10, 50)}, 2, "left-right-exchanged"),
        ({2: (10, 15), 6: (40, 15), 15: (10, 38), 17: (40, 38), 12: (25, 62), 20: (25, 62)}, 0,
         "part-order"),
        ({2: (40, 10), 6: (10, 10), 15: (40, 50), 17: (10, 50)}, 3, None),
        ({2: (10, 10), 6: (40, 10), 15: (10, 50), 17: (40, 50)}, 2, None),
    ],
)  # fmt: skip
def test_layouts_that_no_garment_has(tmp_path, points, viewpoint, rule):
    placed = [(*points[n], 2) if n in points else (0, 0, 0) for n in range(1, 26)]
    words = {"viewpoint": viewpoint} if viewpoint else {}
    garment = item(1, points=placed, box=(5, 5, 40, 50), words=words)
    root = miniature.write_deepfashion2(tmp_path, train={"000001": content(garment)})
    found = [p.rule for p in problems(root, "deepfashion2") if p.file.startswith("train")]
    assert found == ([rule] if rule else [])


def test_hems_of_legs_may_cross(tmp_path):
    crossed = tuple((0, x, y) for _, x, y in (*LOWER[:2], (0, 40, 58), (0, 10, 58)))
    rows = [Row("img/img_1.jpg", "test", 2, crossed), Row("img/img_2.jpg", "train", 1, UPPER)]
    rows.append(Row("img/img_3.jpg", "val", 3, FULL))
    assert problems(miniature.write_fld(tmp_path, rows), "fld") == []


def test_real_trees_have_no_problem_and_edited_ones_have(fixtures_root, tmp_path):
    assert problems(fixtures_root / "deepfashion2", "deepfashion2", "duplicates") == []
    assert problems(fixtures_root / "fld", "fld", "duplicates") == []
    root = shutil.copytree(fixtures_root / "deepfashion2/train", tmp_path / "train").parent
    path = root / "train/annos/000001.json"
    garments = json.loads(path.read_text())
    x1, y1, x2, y2 = garments["item1"]["bounding_box"]
    garments["item1"]["bounding_box"] = [x2, y2, x1, y1]
    path.write_text(json.dumps(garments))
    assert places(problems(root, "deepfashion2")) == {
        ("box-inverted", "train/annos/000001.json", "item1")
    }


def test_command(fld, tmp_path, capsys):
    command = ["validate", "--dataset", "fld", "--root", str(fld)]
    assert main(command) == 0
    assert capsys.readouterr().out == "9 samples, 0 problems\n"
    (fld / "Img" / FLD_ROWS[0].name).unlink()
    assert main(command) == 2
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"Img/{FLD_ROWS[0].name}: [image-missing] ")
    assert out[-2:] == ["image-missing: 1", "9 samples, 1 problems"]
    assert main([*command, "--json"]) == 2
    read = json.loads(capsys.readouterr().out)
    assert (read["sound"], read["samples"], read["counts"]) == (False, 9, {"image-missing": 1})
    assert read["problems"][0]["file"] == f"Img/{FLD_ROWS[0].name}"
    for wrong in (["--images", "some"], ["--root", str(tmp_path / "none")]):
        assert main([*command, *wrong]) == 2
        assert capsys.readouterr().err.startswith("error: ")
        assert main([*command, *wrong, "--json"]) == 2
        told = capsys.readouterr()
        assert json.loads(told.out)["error"] in told.err
    assert main(["validate"]) == 2
    assert main(["validate", str(fld), "--dataset", "fld"]) == 2


def test_only_some_of_many_problems_are_printed_and_all_are_counted(tmp_path, capsys):
    rows = [Row(f"img/img_{n}.jpg", box=(40, 4, 5, 60)) for n in range(30)]
    root = miniature.write_fld(tmp_path, rows)
    command = ["validate", "--dataset", "fld", "--root", str(root), "--images", "none"]
    assert main(command) == 2
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 12
    assert out[-2] == "box-inverted: 30, the first 10 of them above"
    assert main([*command, "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 30


def test_a_link_to_itself_is_no_endless_walk(fld):
    os.symlink(fld / "Img/loop", fld / "Img/loop")
    os.symlink(fld, fld / "Img/again")
    assert places(problems(fld, "fld")) == {("file-outside", "Img/loop", "")}


def test_a_link_to_nothing_is_no_annotation(tmp_path):
    root = miniature.write_deepfashion2(tmp_path, train={"000001": content(item(1))})
    os.symlink(root / "train/annos/nothing", root / "train/annos/000002.json")
    assert places(problems(root, "deepfashion2")) == {
        ("row-malformed", "train/annos/000002.json", ""),
        ("image-missing", "train/image/000002.jpg", ""),
    }


def test_gigantic_files_and_links_are_not_read(fld, tmp_path, monkeypatch):
    root = miniature.write_deepfashion2(tmp_path / "df2", train={"000001": content(item(1))})
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(content(item(9, box=(9, 9, 1, 1)))))
    os.symlink(secret, root / "train/annos/000002.json")
    miniature.write_image(root / "train/image/000002.jpg")
    assert places(problems(root, "deepfashion2")) == {
        ("file-outside", "train/annos/000002.json", "")
    }
    monkeypatch.setattr(items, "LARGEST", 100)
    monkeypatch.setattr(lists, "LARGEST", 100)
    found = places(problems(root, "deepfashion2"))
    assert ("row-malformed", "train/annos/000001.json", "") in found
    assert ("file-too-large", "Anno/list_bbox.txt", "") in places(problems(fld, "fld"))
