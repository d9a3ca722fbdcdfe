"""A model from outside that trains within a second; its dropout draws from torch's generator."""

from dataclasses import dataclass

import torch
from torch import nn

TINY = "tests.benchmark.tiny_model:build"
QUICK = [
    "--dataset", "dots", "--device", "cpu", "--set", "input_size=32", "--set", "batch_size=16",
    "--set", "lr=0.03", "--set", "warmup=3",
]  # fmt: skip
SHORT = [*QUICK, "--model", TINY, "--epochs", "3"]
VGG = [
    "--dataset", "dots", "--device", "cpu", "--model", "vgg16", "--epochs", "2",
    "--set", "input_size=48", "--set", "width=0.0625",
]  # fmt: skip


@dataclass(frozen=True)
class Config:
    input_size: int = 224
    channels: int = 16
    dropout: float = 0.1
    batch_norm: bool = True


class Tiny(nn.Module):
    fitted = False
    uses_type = False

    def __init__(self, schema, config):
        super().__init__()
        self.input_size = config.input_size
        self.layers = nn.Sequential(
            nn.Conv2d(3, config.channels, 5, stride=4, padding=2),
            nn.BatchNorm2d(config.channels) if config.batch_norm else nn.Identity(),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Conv2d(config.channels, len(schema), 3, padding=1),
        )

    def forward(self, images):
        """(B, K, 2): the mean position under each map's softmax."""
        maps = self.layers(images)
        height, width = maps.shape[-2:]
        share = maps.flatten(2).softmax(-1).view_as(maps)
        x = (share.sum(-2) * (torch.arange(width) + 0.5)).sum(-1)
        y = (share.sum(-1) * (torch.arange(height) + 0.5)).sum(-1)
        return torch.stack([x, y], -1) * (images.shape[-1] / width)

    def loss(self, batch):
        error = (self(batch.inputs.images) - batch.xy.nan_to_num()).abs().sum(-1)
        return (error * (batch.visibility > 0)).mean()

    @torch.inference_mode()
    def predict(self, inputs):
        training = self.training
        self.eval()
        xy = self(inputs.images)
        self.train(training)
        return xy, torch.ones(xy.shape[:2])


def build(schema, **overrides):
    return Tiny(schema, Config(**overrides))
