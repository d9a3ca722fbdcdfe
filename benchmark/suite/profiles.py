"""How much every row of a table gets: the same images seen, the same trials on validation."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.plan import Request
from benchmark.suite.tables import Row


@dataclass(frozen=True)
class Profile:
    """One budget for all.

    Attributes:
        device: "cpu" or "cuda"; its settings in `benchmark.settings` are the rest of the recipe.
        size: side of the input, pixels; width: share of the backbone's channels.
        train: different training images; val, test: samples, None for all.
        epochs: as often is every training image seen and the validation set tried; none stops
            early, since that would give the rows unequal budgets.
        flops: floating point operations a second in training, from which a row's time is guessed
            as long as none of its runs has been timed.
        overhead: seconds of a run besides training and prediction: start, scoring, pictures.
        mixed_precision: bfloat16 arithmetic in training. A CPU without instructions for it was
            seven times as slow by it: `cpu-single` is `cpu` without.
    """

    name: str
    device: str
    size: int
    width: float
    train: int
    val: int
    test: int | None
    epochs: int
    flops: float
    overhead: float
    mixed_precision: bool = True

    def request(self, row: Row, dataset: str, seed: int, root: str | None = None) -> Request:
        """A row's run, as `python -m benchmark.run` would be asked for it."""
        settings = {
            "input_size": self.size,
            "width": self.width,
            "train_limit": self.train,
            "val_limit": self.val,
            "patience": self.epochs,
            "mixed_precision": str(self.mixed_precision).lower(),
        }
        return Request(
            model=row.model,
            dataset=dataset,
            limit=self.test,
            seed=seed,
            epochs=self.epochs,
            train=True,
            device=self.device,
            root=root,
            assignments=[*(f"{key}={value}" for key, value in settings.items()), *row.settings],
        )

    def words(self, row: Row, dataset: str, seed: int) -> list[str]:
        """The arguments of `python -m benchmark.run` that ask for the same run."""
        asked = self.request(row, dataset, seed)
        words = ["--model", row.model, "--dataset", dataset, "--device", self.device, "--train"]
        words += ["--seed", str(seed), "--epochs", str(self.epochs)]
        words += [] if self.test is None else ["--limit", str(self.test)]
        return [*words, *(word for text in asked.assignments for word in ("--set", text))]


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="cpu", device="cpu", size=64, width=0.25, train=6000, val=400, test=2000,
            epochs=3, flops=1.5e11, overhead=8.0,
        ),
        Profile(
            name="cpu-single", device="cpu", size=64, width=0.25, train=6000, val=400, test=2000,
            epochs=3, flops=1.5e11, overhead=8.0, mixed_precision=False,
        ),
        # the cells of the paper's maps (14 x 14 below LGR's layer, not 4 x 4) in a narrow network
        Profile(
            name="cpu-224", device="cpu", size=224, width=0.125, train=12_000, val=400, test=2000,
            epochs=3, flops=1.5e11, overhead=20.0,
        ),
        Profile(
            name="gpu", device="cuda", size=224, width=1.0, train=24_000, val=1000, test=None,
            epochs=4, flops=1.0e14, overhead=30.0,
        ),
    )
}  # fmt: skip
