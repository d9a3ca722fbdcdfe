"""Augmented samples keep image and labels together and depend on (seed, epoch, row) alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as photometric

from benchmark import feeding
from benchmark.augment import changed, draw, margin
from benchmark.crops import Source, cut
from benchmark.feeding import batch_count, batches, predict
from benchmark.settings import CPU
from ffld.schema import FLD8
from ffld.transforms import apply

CPU_DEVICE = torch.device("cpu")
PLAIN = replace(
    CPU, scale=0, rotation=0, shift=0, flip=0, blur=0, brightness=0, contrast=0, saturation=0
)


@pytest.fixture
def samples(dots):
    return cut(Source("dots", "train"), dots["train"].open(), 64, margin=margin(CPU, 64))


def augmented(samples, row, settings, seed, epoch):
    change = draw(settings, samples.size, seed=seed, epoch=epoch, row=row)
    return changed(samples, row, change)


def _near(image, point, k):
    """Mean colour around a point of a (3, S, S) image and that of landmark k's dot."""
    import colorsys

    x, y = int(point[0]), int(point[1])
    colour = [255 * part for part in colorsys.hsv_to_rgb(k / 8, 1, 1)]
    return image[:, y - 1 : y + 2, x - 1 : x + 2].float().mean((1, 2)).numpy(), np.array(colour)


@pytest.mark.parametrize("flip", [0, 1])
def test_labels_follow_the_image(samples, flip):
    settings = replace(CPU, flip=flip, blur=0, brightness=0, contrast=0, saturation=0)
    checked = 0
    for row in range(12):
        image, xy, visibility, _ = augmented(samples, row, settings, seed=0, epoch=1)
        for k in np.flatnonzero(visibility):
            if (xy[k] < 4).any() or (xy[k] > 60).any():
                continue
            # A dot keeps its colour when it moves to the slot of its mirror partner.
            drawn = FLD8.flip_index[k] if flip else k
            found, expected = _near(image, xy[k], drawn)
            others = np.delete(np.arange(8), drawn)
            distance = np.abs(found - expected).sum()
            rivals = [np.abs(found - _near(image, xy[k], other)[1]).sum() for other in others]
            checked += 1
            assert distance < min(rivals)
    assert checked > 40


def test_without_augmentation_a_sample_is_its_crop(samples):
    image, xy, visibility, kind = augmented(samples, 3, PLAIN, seed=0, epoch=0)
    kept = samples.margin
    np.testing.assert_array_equal(image.permute(1, 2, 0), samples.images[3][kept:-kept, kept:-kept])
    expected = apply(samples.matrices[3], samples.targets.xy[3]).astype(np.float32)
    np.testing.assert_array_equal(xy, expected)
    np.testing.assert_array_equal(visibility, samples.targets.visibility[3])
    assert FLD8.type_names[kind] == samples.targets.garment_type[3]


def test_a_sample_depends_on_seed_epoch_and_row_alone(samples, monkeypatch):
    def epoch(seed, number):
        settings = replace(CPU, noise=0.05)
        source = batches(samples, settings, seed=seed, epoch=number, device=CPU_DEVICE)
        return torch.cat([batch.inputs.images.flatten(1) for batch in source])

    once = epoch(0, 1)
    torch.rand(3)  # torch's own generator plays no part
    assert torch.equal(once, epoch(0, 1))
    assert not torch.equal(once, epoch(1, 1))
    assert not torch.equal(once, epoch(0, 2))
    monkeypatch.setattr(feeding, "ThreadPoolExecutor", lambda _: _four_threads())
    assert torch.equal(once, epoch(0, 1))


def test_cast_noise_and_erasure_change_what_they_say_and_nothing_else(samples):
    still = replace(CPU, scale=0, rotation=0, shift=0, flip=0, blur=0,
                    brightness=0, contrast=0, saturation=0)  # fmt: skip
    plain, xy, *_ = augmented(samples, 3, still, seed=0, epoch=0)
    plain = plain.int()

    cast, *_ = augmented(samples, 3, replace(still, cast=0.2), seed=0, epoch=0)
    ratios = [float(c.sum() / p.sum()) for c, p in zip(cast.float(), plain, strict=True)]
    assert all(0.79 < ratio < 1.21 for ratio in ratios)
    assert max(ratios) - min(ratios) > 0.01

    noisy = torch.stack(
        [augmented(samples, 3, replace(still, noise=0.1), 0, epoch)[0] for epoch in range(40)]
    )
    deviation = (noisy.int() - plain).float().std((1, 2, 3)) / 255
    assert 0.02 < deviation.mean() < 0.06  # from 0 to 0.1 before what is clipped
    assert deviation.min() < deviation.max() / 3

    erased, where, *_ = augmented(samples, 3, replace(still, erase=1.0), seed=0, epoch=0)
    np.testing.assert_array_equal(where, xy)
    rows, columns = (erased.int() != plain).any(0).nonzero(as_tuple=True)
    window = erased[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert window.flatten(1).unique(dim=1).shape[1] == 1
    assert 6 <= window.shape[1] <= 26
    assert 6 <= window.shape[2] <= 26


def test_colours_are_torchvision_s_to_the_byte(samples):
    settings = replace(CPU, brightness=0.6, contrast=0.6, saturation=0.6, blur=0.5)
    for row in range(24):
        change = draw(settings, 64, seed=0, epoch=0, row=row)
        found, *_ = changed(samples, row, change)
        bare = replace(change, brightness=1.0, contrast=1.0, saturation=1.0, blur=0.0)
        expected, *_ = changed(samples, row, bare)
        expected = photometric.adjust_brightness(expected, change.brightness)
        expected = photometric.adjust_contrast(expected, change.contrast)
        expected = photometric.adjust_saturation(expected, change.saturation)
        if change.blur:
            expected = photometric.gaussian_blur(expected, [5, 5], [change.blur] * 2)
        assert torch.equal(found, expected)


def _four_threads():
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(4)


def test_batches_have_one_size_and_the_types_of_the_interface(samples):
    settings = replace(CPU, batch_size=20)
    made = list(batches(samples, settings, seed=0, epoch=0, device=CPU_DEVICE))
    assert len(made) == batch_count(samples, settings) == 2
    for batch in made:
        assert batch.inputs.images.shape == (20, 3, 64, 64)
        assert batch.inputs.images.dtype == torch.float32
        assert 0 <= batch.inputs.images.min() <= batch.inputs.images.max() <= 1
        assert batch.inputs.garment_type.dtype == torch.int64
        assert (batch.xy.dtype, batch.xy.shape) == (torch.float32, (20, 8, 2))
        assert (batch.visibility.dtype, batch.visibility.shape) == (torch.uint8, (20, 8))
        assert torch.equal(batch.xy.isnan().all(-1), batch.visibility == 0)


def test_fewer_samples_than_a_batch_make_one_batch(dots):
    few = cut(Source("dots", "val"), dots["val"].open(), 32)
    made = list(batches(few, replace(CPU, batch_size=50), seed=0, epoch=0, device=CPU_DEVICE))
    assert [len(batch.xy) for batch in made] == [12]


def test_predictions_come_back_in_original_pixels(dots):
    split = dots["test"].open()
    kept = cut(Source("dots", "test"), split, 32)

    class Oracle:
        position = 0

        def predict(self, inputs):
            rows = slice(self.position, self.position + len(inputs.images))
            self.position += len(inputs.images)
            xy = apply(kept.matrices[rows], np.nan_to_num(split.targets.xy[rows]))
            return torch.from_numpy(xy), torch.ones(xy.shape[:2])

    found = predict(Oracle(), kept, device=CPU_DEVICE, batch_size=5)
    np.testing.assert_array_equal(found.ids, split.targets.ids)
    np.testing.assert_allclose(found.xy, np.nan_to_num(split.targets.xy), atol=1e-9)
    assert found.schema_fingerprint == FLD8.fingerprint
