"""`load_conversion`: goes on in PyTorch with the lookup layers that Lutra's own converter fitted."""
from __future__ import annotations

import os
from typing import Iterable, Mapping

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from .convert import inputs_of, replace
from .layers import Geometry, LutConv2d

# Of the normalization that starts at the layer's own statistics.
_MOMENTUM = 0.05


@torch.no_grad()
def load_conversion(model: nn.Module, path: str | os.PathLike[str], norms: Mapping[str, str], batches: Iterable[Tensor]) -> nn.Module:
    """Puts the codebooks and tables of a converted file into a model, with free tables and codes that stay.

    `lutra convert` fits tables by ridge regression, which `lutra_torch.convert` does not: this is the better start.
    Behind every lookup layer comes a batch normalization that changes nothing at first. It brings activations back to where the codes
    expect them while tables learn. `export_onnx` folds it away.

    model: the dense network of the file; its convolutions in `norms` are replaced in place, in this order, which is that of the file.
    path: the converted ONNX file, with patches, rows or pixels in these convolutions. norms: convolution → the normalization behind it.
    batches: some inputs, to measure the statistics on.
    Returns the model. Raises ValueError when the file has other layers than the model.
    """
    graph = onnx.load(os.fspath(path)).graph
    values = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}
    lookups = [node for node in graph.node if node.op_type == "LookUp"]
    if len(lookups) != len(norms):
        raise ValueError(f"{path} has {len(lookups)} lookup layers, but {len(norms)} convolutions are named")
    batches = list(batches)
    training = model.training
    model.eval()
    for (name, norm), lookup in zip(norms.items(), lookups):
        layer = _layer(model.get_submodule(name), makers[lookup.input[0]], lookup, values, name)
        replace(model, name, layer)
        replace(model, norm, nn.Identity())
    for name, norm in norms.items():
        outputs = model.get_submodule(name)(inputs_of(model, name, batches))
        replace(model, norm, _normalization(outputs).train(training))
    return model.train(training)


def _layer(conv: nn.Conv2d, encode: onnx.NodeProto, lookup: onnx.NodeProto, values: Mapping[str, Tensor], name: str) -> LutConv2d:
    scale, zero, q, b = (values[key] for key in encode.input[1:])
    table, unit, bias = (values[key] for key in lookup.input[1:])
    kh, kw = conv.kernel_size
    kind = {(kh, kw): "patch", (1, kw): "row", (1, 1): "pixel"}.get(tuple(q.shape[2:]))
    books = next(attribute.i for attribute in encode.attribute if attribute.name == "group")
    if kind is None or books * q.shape[1] != conv.in_channels or table.shape[0] != conv.out_channels:
        raise ValueError(f"the lookup layer {lookup.name} does not belong to the convolution {name}: {conv}")
    layer = LutConv2d(conv, Geometry(kind, q.shape[1], len(b) // books), encoder="frozen")
    layer.x_scale.copy_(scale)
    layer.x_zero_point.copy_(zero)
    layer.score_weights.copy_(q.float().view(layer.score_weights.shape))
    layer.score_biases.copy_(b.float().view(layer.score_biases.shape))
    layer.learn("free")
    layer.table.copy_(table.float() * unit.view(-1, 1, 1, 1))
    layer.bias = nn.Parameter(bias.float())
    return layer.eval()


def _normalization(outputs: Tensor) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(outputs.shape[1], momentum=_MOMENTUM)
    variance, mean = torch.var_mean(outputs.float(), (0, 2, 3), unbiased=False)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean)
    return norm
