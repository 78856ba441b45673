"""A small network that has every kind of lookup layer."""
import torch
from torch import nn

from lutra_torch import Geometry

GEOMETRIES = {"2": Geometry("patch", 1, 16), "5": Geometry("row", 2, 8), "8": Geometry("pixel", 3, 16), "10": Geometry("pixel", 4, 32)}
INTEGER = ["0"]


def small_network(seed: int = 0) -> nn.Sequential:
    """Takes [N, 3, 12, 12], returns [N, 5]."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(),
        nn.Conv2d(8, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU(),
        nn.Conv2d(12, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 4, 3, padding=1), nn.Flatten(),
        nn.Linear(144, 32), nn.ReLU(), nn.Linear(32, 5),
    )


def examples(count: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(count, 3, 12, 12, generator=torch.Generator().manual_seed(seed))
