"""`QuantizedConv2d`: a convolution of 7-bit activations with int8 weights, for layers that are not looked up."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .quantize import fake_quantize, fit_activation_scale, quantize_activations


class QuantizedConv2d(nn.Module):
    """Computes what the operator `QuantizedConv` computes. Gradients pass the rounding unchanged (straight-through)."""

    def __init__(self, conv: nn.Conv2d):
        super().__init__()
        if conv.groups != 1 or tuple(conv.dilation) != (1, 1) or conv.padding_mode != "zeros" or isinstance(conv.padding, str):
            raise ValueError(f"only a plain convolution has an integer form (no groups, dilation or named padding): {conv}")
        self.stride, self.padding = tuple(conv.stride), tuple(conv.padding)
        self.weight = nn.Parameter(conv.weight.detach().clone(memory_format=torch.contiguous_format))
        self.bias = None if conv.bias is None else nn.Parameter(conv.bias.detach().clone())
        self.register_buffer("x_scale", torch.tensor(1.0))
        self.register_buffer("x_zero_point", torch.tensor(0))

    @torch.no_grad()
    def fit(self, x: Tensor, generator: torch.Generator | None = None) -> None:
        """Settles the range of the activations x [N, C, H, W]."""
        del generator
        scale, zero = fit_activation_scale(x)
        self.x_scale.fill_(scale)
        self.x_zero_point.fill_(zero)

    def forward(self, x: Tensor) -> Tensor:
        scale = self.x_scale.item()
        exact = quantize_activations(x, scale, int(self.x_zero_point)) * scale
        rounded = x + (exact.to(x.dtype) - x).detach()
        y = F.conv2d(rounded, fake_quantize(self.weight).to(x.dtype), None, self.stride, self.padding)
        return y if self.bias is None else y + self.bias.view(-1, 1, 1).to(y.dtype)
