"""Codebooks in closed form: the metric of the layer's output, k-means in it, and integer scores that find the nearest centroid."""
from __future__ import annotations

import torch
from torch import Tensor

from .quantize import MAX_LANE_WEIGHT, MAX_SCORE_BIAS, MAX_WEIGHT

# Part of the mean diagonal that is added to it, so that directions the weights ignore count a little.
_RIDGE = 0.1


def output_metric(slices: Tensor) -> Tensor:
    """The quadratic form in which an error of a codebook's values is an error of the output, with mean diagonal 1.

    slices: [B, rows, v], all weights that multiply the values of each codebook. Returns [B, v, v].
    """
    w = slices.detach().double()
    gram = w.transpose(1, 2) @ w
    mean = gram.diagonal(dim1=1, dim2=2).mean(1).view(-1, 1, 1)
    unit = torch.eye(w.shape[2], dtype=torch.double)
    metric = torch.where(mean > 0, gram / mean.clamp(min=1e-30) + _RIDGE * unit, (1 + _RIDGE) * unit)
    return (metric / (1 + _RIDGE)).float()


def kmeans(points: Tensor, metric: Tensor, centroids: int, iterations: int, generator: torch.Generator) -> Tensor:
    """Lloyd's k-means with k-means++ seeds for many codebooks at once.

    points: [B, n, v], metric: [B, v, v]. Returns [B, K, v]: the mean of the points of every cluster. A cluster that runs empty moves to
    the point farthest from its centre.
    """
    books, count, _ = points.shape
    factor = torch.linalg.cholesky(metric.double()).float()
    space = points @ factor
    every = torch.arange(books)
    chosen = torch.randint(count, (books,), generator=generator)
    nearest = torch.full((books, count), float("inf"))
    seeds = []
    for _ in range(centroids):
        seed = space[every, chosen]
        seeds.append(seed)
        nearest = torch.minimum(nearest, (space - seed[:, None]).square().sum(2))
        weights = nearest + 1e-12
        chosen = torch.multinomial(weights, 1, generator=generator)[:, 0]
    centres = torch.stack(seeds, 1)
    for step in range(iterations + 1):
        distances = centres.square().sum(2)[:, None] - 2 * space @ centres.transpose(1, 2)
        least, assignment = distances.min(2)
        one_hot = torch.nn.functional.one_hot(assignment, centroids).float()
        counts = one_hot.sum(1)[..., None]
        if step == iterations:
            means = one_hot.transpose(1, 2) @ points / counts.clamp(min=1)
            # An empty cluster repeats that of the first point.
            first = means[every, assignment[:, 0]][:, None]
            return torch.where(counts > 0, means, first)
        farthest = space[every, (least + space.square().sum(2)).argmax(1)][:, None]
        centres = torch.where(counts > 0, one_hot.transpose(1, 2) @ space / counts.clamp(min=1), farthest)
    raise AssertionError


def integer_scores(centroids: Tensor, metric: Tensor, columns: int) -> tuple[Tensor, Tensor]:
    """Scores `2 pᵀM·a - pᵀM·p` as integers with the same order; the highest is the nearest centroid.

    Two freedoms buy resolution without a change of the winner: a positive factor per codebook, and a linear function of `a` that all
    centroids share. The factor keeps weights within what the fast kernel adds without overflow.

    centroids: [B, K, v] integer activations, columns: width of the codebook's window. Returns Q [B, K, v] and b [B, K] as floats.
    """
    p = centroids.detach().double()
    v = p.shape[2]
    along = p @ metric.double()
    bias = -(along * p).sum(2)
    weights = 2 * along
    weights = weights - (weights.amax(1, keepdim=True) + weights.amin(1, keepdim=True)) / 2
    bias = bias - (bias.amax(1, keepdim=True) + bias.amin(1, keepdim=True)) / 2
    place = torch.arange(v) if columns == 1 else torch.arange(v) % columns
    low = (place % 4) < 2
    lanes = [weights[..., at].clamp(min=0).sum(2) for at in (low, ~low)]
    lanes += [(-weights[..., at]).clamp(min=0).sum(2) for at in (low, ~low)]
    lane = torch.stack(lanes).amax((0, 2))

    def ratio(limit: float, largest: Tensor) -> Tensor:
        return torch.where(largest > 0, limit / largest.clamp(min=1e-30), torch.full_like(largest, limit))

    factor = torch.minimum(ratio(MAX_WEIGHT, weights.abs().amax((1, 2))), ratio(MAX_SCORE_BIAS - 1, bias.abs().amax(1)))
    factor = torch.minimum(factor, ratio(MAX_LANE_WEIGHT - v / 2, lane))
    q = (weights * factor.view(-1, 1, 1)).round().clamp(-MAX_WEIGHT, MAX_WEIGHT)
    b = (bias * factor.view(-1, 1)).round().clamp(-MAX_SCORE_BIAS, MAX_SCORE_BIAS)
    return q.float(), b.float()
