"""Layers that are looked up: `LutConv2d` and `LutLinear` (LUT-NN, Tang et al. 2023)."""
from __future__ import annotations

import dataclasses
import math

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from . import kernels
from .codebooks import integer_scores, kmeans, output_metric
from .quantize import fake_quantize, fit_activation_scale, quantize_activations

KINDS = ("patch", "row", "pixel")
TABLES = ("product", "free")
ENCODERS = ("follow", "frozen", "soft")
MAX_CENTROIDS = 64

# Centroids follow at every so many steps, and keep this part of what they were the mean of.
_FOLLOW_EVERY = 8
_KEEP = 0.9
_KMEANS_POINTS = 4096
_KMEANS_ITERATIONS = 12


@dataclasses.dataclass(frozen=True)
class Geometry:
    """How codebooks cover a layer.

    kind: `patch` the whole kernel, `row` one kernel row with codes shared by the others, `pixel` one position.
    channels: input channels of a codebook, a divisor of the layer's. centroids: K, 2 to 64.
    """

    kind: str = "patch"
    channels: int = 1
    centroids: int = 16

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"geometry kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.channels < 1:
            raise ValueError(f"channels of a codebook must be 1 or more, not {self.channels}")
        if not 2 <= self.centroids <= MAX_CENTROIDS:
            raise ValueError(f"centroids must be 2 to {MAX_CENTROIDS}, not {self.centroids}")


class _LookedUp(torch.autograd.Function):
    """A convolution of what the codes stand for. The gradient of the input is that of the dense layer (straight-through)."""

    @staticmethod
    def forward(ctx, x, decoded, table, bias, weight, window, dense):
        ctx.save_for_backward(x, decoded, table, weight)
        ctx.windows = window, dense
        return F.conv2d(decoded, table, bias, *window)

    @staticmethod
    def backward(ctx, gradient):
        x, decoded, table, weight = ctx.saved_tensors
        window, dense = ctx.windows
        gradient = gradient.to(x.dtype)

        def through(values, weights, bounds, mask):
            stride, padding = bounds
            back = torch.ops.aten.convolution_backward
            return back(gradient, values, weights, None, stride, padding, [1, 1], False, [0, 0], 1, mask)

        dx = through(x, weight, dense, [True, False, False])[0] if ctx.needs_input_grad[0] else None
        if not ctx.needs_input_grad[2]:
            dt = None
        elif table.shape[2:] == (1, 1):
            # One matrix product, ten times as fast as the convolution's own gradient on a CPU.
            dt = (_rows(gradient).t() @ _rows(decoded)).view(table.shape)
        else:
            dt = through(decoded, table, window, [False, True, False])[1]
        db = gradient.float().sum((0, 2, 3)) if ctx.needs_input_grad[3] else None
        return dx, None, dt, db, None, None, None


def _rows(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N·H·W, C]"""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


class LutConv2d(nn.Module):
    """A convolution whose input becomes codes of learned centroids, and whose output is a sum of table rows.

    It computes what the operators `Encode` and `LookUp` compute: 7-bit activations, integer scores, 8-bit tables.

    tables: `product`, weights times centroids (LUT-NN), or `free`, every entry is a parameter.
    encoder: `follow`, centroids follow the means of the activations that they stand for (as in VQ-VAE); `frozen`; or `soft`, centroids
    learn by soft-PQ with one learned temperature (LUT-NN).
    The input gradient is straight-through, but for `soft`.
    """

    def __init__(self, conv: nn.Conv2d, geometry: Geometry = Geometry(), tables: str = "product", encoder: str = "follow"):
        super().__init__()
        _check(conv, geometry)
        kh, kw = conv.kernel_size
        self.geometry, self.stride, self.padding = geometry, tuple(conv.stride), tuple(conv.padding)
        rows, columns = geometry.kind == "patch" or kh == 1, geometry.kind != "pixel" or kw == 1
        self.encode_kernel = (kh if rows else 1, kw if columns else 1)
        self.lookup_kernel = (1 if rows else kh, 1 if columns else kw)
        split = lambda pair, rest: ((pair[0] if rows else rest, pair[1] if columns else rest),
                                    (rest if rows else pair[0], rest if columns else pair[1]))
        (self.encode_stride, self.lookup_stride) = split(self.stride, 1)
        (self.encode_padding, self.lookup_padding) = split(self.padding, 0)
        self.books = conv.in_channels // geometry.channels
        v = geometry.channels * self.encode_kernel[0] * self.encode_kernel[1]
        self.weight = nn.Parameter(conv.weight.detach().clone(memory_format=torch.contiguous_format))
        self.bias = None if conv.bias is None else nn.Parameter(conv.bias.detach().clone())
        self.register_buffer("x_scale", torch.tensor(1.0))
        self.register_buffer("x_zero_point", torch.tensor(0))
        self.register_buffer("metric", torch.eye(v).repeat(self.books, 1, 1))
        # In integer activations: real values divided by x_scale.
        self.centroids = nn.Parameter(torch.zeros(self.books, geometry.centroids, v), requires_grad=False)
        # Integer scores of every centroid: Q and b of Encode.
        self.register_buffer("score_weights", torch.zeros(self.books, geometry.centroids, v))
        self.register_buffer("score_biases", torch.zeros(self.books, geometry.centroids))
        self.register_buffer("sums", torch.zeros(self.books, geometry.centroids, v))
        self.register_buffer("counts", torch.zeros(self.books, geometry.centroids))
        self.temperature = nn.Parameter(torch.zeros(()), requires_grad=False)
        self.table = nn.Parameter(torch.zeros(0), requires_grad=False)
        self._step = 0
        self.learn(tables, encoder)

    def learn(self, tables: str | None = None, encoder: str | None = None) -> None:
        """Changes what learns. `free` starts at the table of the weights and centroids at hand."""
        if tables is not None and tables not in TABLES:
            raise ValueError(f"tables must be one of {', '.join(TABLES)}, not {tables!r}")
        if encoder is not None and encoder not in ENCODERS:
            raise ValueError(f"encoder must be one of {', '.join(ENCODERS)}, not {encoder!r}")
        was = getattr(self, "tables", "product"), getattr(self, "encoder", "frozen")
        now = tables or was[0], encoder or was[1]
        if now == ("free", "follow"):
            raise ValueError("free tables need codes that stay: encoder frozen or soft, not follow")
        if was[1] == "soft" and now[1] != "soft":
            self._settle()
        if was[0] == "product" and now[0] == "free":
            self.table = nn.Parameter(self.product_table().detach())
        self.tables, self.encoder = now
        self.table.requires_grad_(self.tables == "free")
        self.weight.requires_grad_(self.tables == "product")
        for parameter in (self.centroids, self.temperature):
            parameter.requires_grad_(self.encoder == "soft")

    def _slices(self) -> Tensor:
        """Weights by codebook: [M, B, g, wh, ww, th, tw]."""
        (wh, ww), (th, tw) = self.encode_kernel, self.lookup_kernel
        # A kernel axis belongs to one of the two windows, and is 1 in the other.
        return self.weight.view(-1, self.books, self.geometry.channels, wh, th, ww, tw).permute(0, 1, 2, 3, 5, 4, 6)

    def lookup_weight(self) -> Tensor:
        """The weights of what codes stand for: [M, B·v, th, tw]."""
        return self._slices().reshape(self.weight.shape[0], -1, *self.lookup_kernel)

    def product_table(self) -> Tensor:
        """Weights times centroids: [M, B·K, th, tw]."""
        slices = self._slices().reshape(self.weight.shape[0], self.books, -1, *self.lookup_kernel)
        return torch.einsum("mbvij,bkv->mbkij", slices, self.centroids * self.x_scale).flatten(1, 2)

    def table_and_bias(self) -> tuple[Tensor, Tensor | None]:
        """The table before it is rounded [M, B·K, th, tw], and the bias [M].

        Where no lookup falls outside the image, the mean entry of every codebook moves to the bias: int8 has less to cover.
        """
        table = self.table if self.tables == "free" else self.product_table()
        if any(self.lookup_padding):
            return table, self.bias
        entries = table.unflatten(1, (self.books, -1))
        mean = entries.mean(2, keepdim=True)
        bias = mean.flatten(1).sum(1)
        return (entries - mean).flatten(1, 2), bias if self.bias is None else bias + self.bias

    def scores(self) -> tuple[Tensor, Tensor]:
        """Q [B, K, v] and b [B, K] of Encode, as floats that hold integers."""
        if self.encoder == "soft":
            return integer_scores(self.centroids, self.metric, self.encode_kernel[1])
        return self.score_weights, self.score_biases

    @torch.no_grad()
    def _settle(self) -> None:
        weights, biases = integer_scores(self.centroids, self.metric, self.encode_kernel[1])
        self.score_weights.copy_(weights)
        self.score_biases.copy_(biases)

    @torch.no_grad()
    def fit(self, x: Tensor, generator: torch.Generator | None = None) -> None:
        """Learns scale and codebooks from activations [N, C, H, W]: Gram-shaped k-means (docs/conversion.md)."""
        generator = generator or torch.Generator().manual_seed(1)
        scale, zero = fit_activation_scale(x)
        self.x_scale.fill_(scale)
        self.x_zero_point.fill_(zero)
        slices = self._slices().permute(1, 0, 5, 6, 2, 3, 4)
        v = self.centroids.shape[2]
        self.metric.copy_(output_metric(slices.reshape(self.books, -1, v)))
        values = self._windows(quantize_activations(x, scale, zero)).permute(1, 0, 3, 2).flatten(1, 2)
        chosen = torch.randperm(values.shape[1], generator=generator)[:_KMEANS_POINTS]
        self.centroids.copy_(kmeans(values[:, chosen], self.metric, self.geometry.centroids, _KMEANS_ITERATIONS, generator))
        self.counts.zero_()
        self.sums.zero_()
        self._settle()
        if self.tables == "free":
            self.table.copy_(self.product_table())
        q, b = self.scores()
        self.temperature.fill_(math.log(max(1.0, _mean_lead(values[:, chosen], q, b))))

    def _windows(self, a: Tensor) -> Tensor:
        """What each codebook sees: [N, B, v, positions]."""
        columns = F.unfold(a, self.encode_kernel, padding=self.encode_padding, stride=self.encode_stride)
        return columns.view(a.shape[0], self.books, -1, columns.shape[-1])

    def _code_size(self, x: Tensor) -> list[int]:
        axes = zip(x.shape[2:], self.encode_kernel, self.encode_padding, self.encode_stride)
        return [(size + 2 * pad - kernel) // stride + 1 for size, kernel, pad, stride in axes]

    @torch.no_grad()
    def codes(self, x: Tensor, observe: bool = False) -> Tensor:
        """Codes of x [N, C, H, W]: uint8 [N, B, Ho, Wo], equal to those of Encode. observe: take part in the cluster means."""
        q, b = self.scores()
        scale, zero = self.x_scale.item(), int(self.x_zero_point)
        sums, counts = torch.zeros_like(self.sums), torch.zeros_like(self.counts)
        if kernels.available(x):
            pads = [*self.encode_padding, *self.encode_padding]
            window = [*self.encode_kernel, *self.encode_stride, *pads]
            codes = kernels.encode(x, scale, zero, q, b, window, (sums, counts) if observe else None)
        else:
            values = self._windows(quantize_activations(x, scale, zero))
            codes = (torch.einsum("bkv,nbvp->nbkp", q, values) + b[..., None]).argmax(2)
            if observe:
                one_hot = F.one_hot(codes, self.geometry.centroids).float()
                sums, counts = torch.einsum("nbpk,nbvp->bkv", one_hot, values), one_hot.sum((0, 2))
            codes = codes.view(*codes.shape[:2], *self._code_size(x)).to(torch.uint8)
        if observe:
            if dist.is_available() and dist.is_initialized():
                # Centroids follow what all processes saw, and stay alike.
                dist.all_reduce(sums)
                dist.all_reduce(counts)
            self.sums.mul_(_KEEP).add_(sums)
            self.counts.mul_(_KEEP).add_(counts)
        return codes

    @torch.no_grad()
    def follow(self) -> None:
        """Moves centroids to the means of what they stood for lately."""
        means = self.sums / self.counts.clamp(min=1e-6)[..., None]
        self.centroids.copy_(torch.where(self.counts[..., None] > 1, means, self.centroids))
        self._settle()

    def forward(self, x: Tensor) -> Tensor:
        moving = self.training and self.encoder == "follow" and self._step % _FOLLOW_EVERY == 0
        self._step += self.training
        if moving:
            self.follow()
        window = (self.lookup_stride, self.lookup_padding)
        if self.encoder == "soft" and torch.is_grad_enabled():
            table, bias = self.table_and_bias()
            return F.conv2d(self._soft_codes(x), fake_quantize(table), bias, *window)
        codes = self.codes(x, observe=moving)
        if self.tables == "free" or not self.training:
            table, bias = self.table_and_bias()
            decoded, table = self._one_hot(codes, x.dtype), fake_quantize(table)
        else:
            decoded, table, bias = self._decode(codes, x.dtype), self.lookup_weight(), self.bias
        bias = None if bias is None else bias.to(x.dtype)
        dense = (self.stride, self.padding)
        return _LookedUp.apply(x, decoded, table.to(x.dtype), bias, self.weight.to(x.dtype), window, dense)

    def _decode(self, codes: Tensor, dtype: torch.dtype) -> Tensor:
        """What codes stand for, in real units: [N, B·v, Ho, Wo]."""
        rows = (self.centroids.detach() * self.x_scale).to(dtype)
        if dtype == torch.bfloat16 and kernels.available(rows):
            return kernels.gather(codes, rows)
        return self._pick(codes, rows)

    def _one_hot(self, codes: Tensor, dtype: torch.dtype) -> Tensor:
        """[N, B·K, Ho, Wo]"""
        K = self.geometry.centroids
        rows = torch.eye(K, device=codes.device).to(dtype).expand(self.books, K, K)
        if dtype == torch.bfloat16 and kernels.available(rows):
            return kernels.gather(codes, rows)
        return self._pick(codes, rows)

    def _pick(self, codes: Tensor, rows: Tensor) -> Tensor:
        images, books, height, width = codes.shape
        picked = rows[torch.arange(books, device=codes.device)[:, None, None], codes.long()]
        return picked.permute(0, 1, 4, 2, 3).reshape(images, -1, height, width)

    def _soft_codes(self, x: Tensor) -> Tensor:
        """One-hot codes whose gradient is that of softmax(score / temperature): [N, B·K, Ho, Wo]."""
        scale, zero = self.x_scale.item(), int(self.x_zero_point)
        a = (x.float() / scale).clamp(-zero, 127 - zero)
        exact = quantize_activations(x, scale, zero)
        values = self._windows(a + (exact - a).detach())
        q, b = self.scores()
        along = 2 * self.centroids @ self.metric
        real = torch.einsum("bkv,nbvp->nbkp", along, values) - (along * self.centroids).sum(2)[..., None] / 2
        hard = (torch.einsum("bkv,nbvp->nbkp", q, values.detach()) + b[..., None]).argmax(2)
        soft = (real / self.temperature.exp()).softmax(2)
        one_hot = F.one_hot(hard, self.geometry.centroids).transpose(2, 3).to(soft.dtype)
        chosen = one_hot + soft - soft.detach()
        return chosen.reshape(x.shape[0], -1, *self._code_size(x))

    def extra_repr(self) -> str:
        m, c, kh, kw = self.weight.shape
        g = self.geometry
        return f"{c}, {m}, {kh}x{kw}, {g.kind} of {g.channels}, K = {g.centroids}, tables={self.tables}, encoder={self.encoder}"


class LutLinear(LutConv2d):
    """A linear layer by lookup: x [..., in] → [..., out]. channels of the geometry: inputs of a codebook."""

    def __init__(self, linear: nn.Linear, geometry: Geometry = Geometry("pixel", 16), **options):
        conv = nn.Conv2d(linear.in_features, linear.out_features, 1, bias=linear.bias is not None)
        conv.weight = nn.Parameter(linear.weight.detach()[..., None, None].clone())
        if linear.bias is not None:
            conv.bias = nn.Parameter(linear.bias.detach().clone())
        super().__init__(conv, geometry, **options)

    def fit(self, x: Tensor, generator: torch.Generator | None = None) -> None:
        super().fit(x.reshape(-1, x.shape[-1], 1, 1), generator)

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x.reshape(-1, x.shape[-1], 1, 1))
        return y.reshape(*x.shape[:-1], y.shape[1])


def _mean_lead(points: Tensor, q: Tensor, b: Tensor) -> float:
    """How much a score leads over the next best, on average: where a temperature starts."""
    scores = points @ q.transpose(1, 2) + b[:, None]
    best = scores.topk(2, 2).values
    return (best[..., 0] - best[..., 1]).mean().item()


def _check(conv: nn.Conv2d, geometry: Geometry) -> None:
    if conv.groups != 1 or tuple(conv.dilation) != (1, 1) or conv.padding_mode != "zeros" or isinstance(conv.padding, str):
        raise ValueError(f"only a plain convolution can be looked up (no groups, dilation or named padding): {conv}")
    if conv.in_channels % geometry.channels:
        raise ValueError(f"{geometry.channels} channels of a codebook do not divide {conv.in_channels} input channels of {conv}")
