import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lutra_torch import Geometry, LutConv2d, LutLinear, convert, kernels
from lutra_torch.codebooks import integer_scores, kmeans, output_metric
from lutra_torch.quantize import quantize_activations

from .networks import GEOMETRIES, INTEGER, examples, small_network

CASES = [
    ("patch", 1, 16, (3, 3), 1, 1), ("patch", 1, 5, (3, 3), 2, 1), ("patch", 2, 16, (3, 1), 1, 0),
    ("row", 1, 16, (3, 3), 1, 1), ("row", 3, 8, (5, 3), 2, 2), ("pixel", 2, 16, (3, 3), 2, 1), ("pixel", 6, 64, (1, 1), 1, 0),
]


def fitted(kind, channels, centroids, kernel, stride, padding, **options):
    torch.manual_seed(3)
    conv = nn.Conv2d(6, 10, kernel, stride, padding)
    layer = LutConv2d(conv, Geometry(kind, channels, centroids), **options)
    x = torch.rand(24, 6, 9, 7)
    layer.fit(x)
    return layer.eval(), x


def reference(layer, x):
    """Three loops over what the operators say: codes, then table rows."""
    a = quantize_activations(x, layer.x_scale.item(), int(layer.x_zero_point))
    q, b = layer.scores()
    codes = torch.stack([(F.conv2d(a.view(len(x), layer.books, -1, *a.shape[2:])[:, c], q[c].view(len(q[c]), -1, *layer.encode_kernel),
                          b[c], layer.encode_stride, layer.encode_padding)).argmax(1) for c in range(layer.books)], 1)
    table, bias = layer.table_and_bias()
    one_hot = F.one_hot(codes, layer.geometry.centroids).permute(0, 1, 4, 2, 3).flatten(1, 2).float()
    unit = table.abs().flatten(1).amax(1).view(-1, 1, 1, 1) / 127
    rounded = (table / unit).round() * unit
    return codes, F.conv2d(one_hot, rounded, bias, layer.lookup_stride, layer.lookup_padding)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("compiled", [False, True])
def test_layer_computes_codes_and_sums(case, compiled, monkeypatch):
    layer, x = fitted(*case)
    if not compiled:
        monkeypatch.setattr(kernels, "available", lambda _: False)
    elif not kernels.available(x):
        pytest.skip("there is no g++ to compile the kernels with")
    codes, y = reference(layer, x)
    assert torch.equal(layer.codes(x).long(), codes)
    torch.testing.assert_close(layer(x), y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tables", ["product", "free"])
def test_training_and_deployed_sums_differ_by_rounding_only(tables):
    layer, x = fitted("row", 1, 16, (3, 3), 1, 1, encoder="frozen")
    layer.learn(tables)
    deployed = layer(x)
    trained = layer.train()(x)
    assert (trained - deployed).abs().max() < 0.02 * deployed.abs().max()


def test_gradients_are_those_of_the_dense_layer_at_the_decoded_input():
    layer, x = fitted("pixel", 2, 16, (3, 3), 1, 1, encoder="frozen")
    x.requires_grad_()
    layer.train()(x).square().sum().backward()
    decoded = layer._decode(layer.codes(x), torch.float32).requires_grad_()
    weight = layer.weight.detach().clone().requires_grad_()
    F.conv2d(decoded, weight, layer.bias, 1, 1).square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, weight.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(x.grad, decoded.grad, rtol=1e-4, atol=1e-4)


def test_soft_codes_teach_centroids_and_temperature():
    layer, x = fitted("patch", 1, 16, (3, 3), 1, 1, encoder="soft")
    layer.train()(x).square().sum().backward()
    for name in ("centroids", "temperature", "weight"):
        gradient = getattr(layer, name).grad
        assert gradient is not None and gradient.abs().sum() > 0 and torch.isfinite(gradient).all(), name


def test_free_tables_start_at_the_product():
    layer, x = fitted("patch", 1, 16, (3, 3), 1, 1, encoder="frozen")
    before = layer(x)
    layer.learn("free")
    torch.testing.assert_close(layer(x), before)


def test_centroids_follow_what_they_stand_for():
    layer, x = fitted("pixel", 2, 4, (1, 1), 1, 0)
    layer.train()
    shifted = x * 0.5
    before = layer(shifted).detach()
    with torch.no_grad():
        for _ in range(200):
            layer(shifted)
    dense = F.conv2d(shifted, layer.weight, layer.bias)
    assert (layer(shifted) - dense).square().mean() < 0.5 * (before - dense).square().mean()


def test_kmeans_finds_separate_clusters():
    generator = torch.Generator().manual_seed(1)
    centres = torch.tensor([[0.0, 0], [10, 0], [0, 10], [10, 10]])
    points = (centres[torch.arange(400) % 4] + 0.1 * torch.randn(400, 2, generator=generator))[None]
    found = kmeans(points, torch.eye(2)[None], 4, 8, generator)[0]
    assert torch.cdist(centres, found).amin(1).max() < 0.1


def test_scores_name_the_nearest_centroid():
    generator = torch.Generator().manual_seed(2)
    metric = output_metric(torch.randn(2, 20, 9, generator=generator))
    centroids = torch.randint(0, 127, (2, 16, 9), generator=generator).float()
    points = torch.randint(0, 127, (2, 300, 9), generator=generator).float()
    q, b = integer_scores(centroids, metric, 3)
    chosen = (points @ q.transpose(1, 2) + b[:, None]).argmax(2)
    away = points[:, :, None] - centroids[:, None]
    distance = torch.einsum("bnki,bij,bnkj->bnk", away, metric, away)
    # Rounded scores may take the second best where two are nearly alike.
    lost = distance.gather(2, chosen[..., None])[..., 0] / distance.amin(2)
    assert (lost < 1.02).float().mean() > 0.95
    assert q.abs().max() <= 127 and b.abs().max() <= 2**22


@pytest.mark.parametrize("tables", ["product", "free"])
def test_convert_replaces_what_it_is_told_and_stays_close(tables):
    model, x = small_network(), examples(256)
    dense = copy.deepcopy(model).eval()
    convert(model, [x], GEOMETRIES, layers=GEOMETRIES, integer=INTEGER, tables=tables, encoder="frozen")
    assert sum(isinstance(layer, LutConv2d) for layer in model) == 4 and isinstance(model[10], LutLinear)
    with torch.no_grad():
        wanted, got = dense(x), model.eval()(x)
    assert F.cosine_similarity(wanted, got).mean() > 0.9


@pytest.mark.parametrize("wrong, message", [
    (lambda: Geometry("cube"), "geometry kind"),
    (lambda: Geometry("patch", 1, 65), "centroids"),
    (lambda: LutConv2d(nn.Conv2d(6, 6, 3, groups=2)), "plain convolution"),
    (lambda: LutConv2d(nn.Conv2d(6, 6, 3), Geometry("pixel", 4)), "do not divide"),
    (lambda: convert(small_network(), []), "calibration is empty"),
    (lambda: convert(small_network(), [examples(4)], layers=["7"]), "no convolution"),
    (lambda: fitted("patch", 1, 16, (3, 3), 1, 1)[0].learn("free"), "codes that stay"),
    (lambda: fitted("patch", 1, 16, (3, 3), 1, 1, tables="dense"), "tables must be"),
])
def test_wrong_use_says_what_is_wrong(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
