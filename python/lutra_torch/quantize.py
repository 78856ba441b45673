"""Integers of the lutra operators: activations of 7 bits, tables and weights of 8. docs/lookup-operators.md defines them."""
from __future__ import annotations

import torch
from torch import Tensor

MAX_ACTIVATION = 127
MAX_WEIGHT = 127
MAX_SCORE_BIAS = 2**22
#: The fast search adds products in int16: this much weight of one sign may meet in one lane.
MAX_LANE_WEIGHT = 32767 // MAX_ACTIVATION

# Fractions of the observed range that are tried as clipping points.
_CLIPS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
_SCALE_SAMPLE = 1 << 18


def quantize_activations(x: Tensor, scale: float, zero_point: int) -> Tensor:
    """`q - zero_point` as floats that hold integers: x / scale, rounded half to even, within 0..127. NaN becomes q = 0."""
    q = (torch.round(x.float() / scale) + zero_point).clamp(0, MAX_ACTIVATION)
    return torch.nan_to_num(q, nan=0.0) - zero_point


def fit_activation_scale(x: Tensor) -> tuple[float, int]:
    """The scale and zero point with the least squared error over the values of x, among clipped ranges."""
    values = x.detach().float().flatten()
    values = values[:: max(1, values.numel() // _SCALE_SAMPLE)]
    low = min(0.0, values.min().item())
    high = max(0.0, values.max().item())
    if high == low:
        return 1.0, 0
    best, least = (1.0, 0), float("inf")
    for clip in _CLIPS:
        # float32, as the file stores it
        scale = torch.tensor((high - low) * clip / MAX_ACTIVATION).item()
        zero = min(MAX_ACTIVATION, max(0, round(-low * clip / scale)))
        error = (values - quantize_activations(values, scale, zero) * scale).square().sum().item()
        if error < least:
            best, least = (scale, zero), error
    return best


def output_scales(table: Tensor) -> Tensor:
    """One symmetric scale per output. table: [outputs, ...] → [outputs]"""
    largest = table.detach().abs().flatten(1).amax(1)
    return torch.where(largest > 0, largest / MAX_WEIGHT, torch.ones_like(largest))


def round_tables(table: Tensor, scale: Tensor) -> Tensor:
    """int8 entries of a table as floats. table: [outputs, ...], scale: [outputs]"""
    unit = scale.view(-1, *[1] * (table.ndim - 1))
    return (table / unit).round().clamp(-MAX_WEIGHT, MAX_WEIGHT)


def fake_quantize(table: Tensor) -> Tensor:
    """The table as int8 with one scale per output would hold it. Its gradient is that of the table itself."""
    scale = output_scales(table)
    rounded = round_tables(table.detach(), scale) * scale.view(-1, *[1] * (table.ndim - 1))
    return table + (rounded - table.detach())
