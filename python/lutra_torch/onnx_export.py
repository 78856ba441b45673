"""`export_onnx`: writes a model as the file that Lutra runs, with the operators of docs/lookup-operators.md."""
from __future__ import annotations

import copy
import io
import json
import math
import os
import pathlib
from typing import Any, Mapping, Sequence

import numpy
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from .integer import QuantizedConv2d
from .layers import LutConv2d, LutLinear
from .quantize import output_scales, round_tables

DOMAIN = "lutra"
#: Default opset of the file; the function bodies in functions.onnx are written for it.
OPSET = 17


def _operator(name: str, outputs: int, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], dtype, **attributes: int):
    """A function that the exporter writes as one node. Its result has the right shape and no values: a trace needs no more."""
    window = {"kernel_shape_i": list(kernel), "strides_i": list(stride), "pads_i": [*padding, *padding]}

    class Operator(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, *constants):
            # The shape of an array: the trace would take part in arithmetic with that of a tensor.
            images, _, *lengths = x.detach().numpy().shape
            size = [(n + 2 * pad - span) // step + 1 for n, span, step, pad in zip(lengths, kernel, stride, padding)]
            return torch.zeros(images, outputs, *size, dtype=dtype)

        @staticmethod
        def symbolic(g, *values):
            return g.op(f"{DOMAIN}::{name}", *values, **window, **attributes)

    return Operator.apply


def _int8(table: Tensor, scale: Tensor) -> Tensor:
    return round_tables(table, scale).to(torch.int8)


class _ExportedLookUp(nn.Module):
    """A LutConv2d as the two operators of the file."""

    def __init__(self, layer: LutConv2d):
        super().__init__()
        q, b = layer.scores()
        shape = (-1, layer.geometry.channels, *layer.encode_kernel)
        table, bias = layer.table_and_bias()
        scale = output_scales(table)
        constants = {
            "x_scale": layer.x_scale.detach().clone(),
            "x_zero_point": layer.x_zero_point.to(torch.uint8),
            "Q": q.reshape(shape).to(torch.int8),
            "b": b.reshape(-1).to(torch.int32),
            "entries": _int8(table.detach(), scale),
            "scale": scale,
            "bias": torch.zeros_like(scale) if bias is None else bias.detach().clone(),
        }
        for name, value in constants.items():
            self.register_buffer(name, value)
        # Made here: sizes that are read while the exporter traces become part of the trace.
        self.linear, K = isinstance(layer, LutLinear), layer.geometry.centroids
        window = layer.encode_kernel, layer.encode_stride, layer.encode_padding
        self.encode = _operator("Encode", layer.books, *window, torch.uint8, K_i=K, group_i=layer.books)
        window = layer.lookup_kernel, layer.lookup_stride, layer.lookup_padding
        self.look_up = _operator("LookUp", len(layer.weight), *window, torch.float32, K_i=K)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1], 1, 1) if self.linear else x
        codes = self.encode(rows, self.x_scale, self.x_zero_point, self.Q, self.b)
        y = self.look_up(codes, self.entries, self.scale, self.bias)
        return y.reshape(*x.shape[:-1], -1) if self.linear else y


class _ExportedInteger(nn.Module):
    def __init__(self, layer: QuantizedConv2d):
        super().__init__()
        scale = output_scales(layer.weight)
        constants = {
            "x_scale": layer.x_scale.detach().clone(),
            "x_zero_point": layer.x_zero_point.to(torch.uint8),
            "W": _int8(layer.weight.detach(), scale),
            "scale": scale * layer.x_scale,
            "bias": torch.zeros_like(scale) if layer.bias is None else layer.bias.detach().clone(),
        }
        for name, value in constants.items():
            self.register_buffer(name, value)
        window = layer.weight.shape[2:], layer.stride, layer.padding
        self.conv = _operator("QuantizedConv", len(layer.weight), *window, torch.float32)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x, self.x_scale, self.x_zero_point, self.W, self.scale, self.bias)


def _exported(model: nn.Module) -> nn.Module:
    def form(module: nn.Module) -> nn.Module:
        if isinstance(module, LutConv2d):
            return _ExportedLookUp(module)
        if isinstance(module, QuantizedConv2d):
            return _ExportedInteger(module)
        for name, child in module.named_children():
            setattr(module, name, form(child))
        return module

    return form(copy.deepcopy(model).float().cpu().eval())


def export_onnx(
    model: nn.Module,
    example: Tensor,
    path: str | os.PathLike[str],
    *,
    input: str = "input",
    output: str = "output",
    preprocess: Mapping[str, Any] | None = None,
    labels: Sequence[str] | None = None,
    half_weights: bool = False,
) -> None:
    """Writes a model whose layers are lookup layers, plain ones, or both, as an ONNX file that Lutra and other runtimes run.

    Batch normalization behind a lookup layer goes into its scales. The first dimension of input and output stays open.

    model: is not changed. example: one batch of inputs. preprocess: `lutra.preprocess` of docs/lookup-operators.md. labels: names of classes.
    half_weights: store large float32 weights as float16, with a Cast in front of their reader: half the file, computed in float32.
    Raises ValueError when a centroid, table or scale is not finite.
    """
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ValueError(f"{name} holds values that are not finite")
    file = io.BytesIO()
    options: dict[str, Any] = {"dynamo": False} if "dynamo" in torch.onnx.export.__code__.co_varnames else {}
    torch.onnx.export(
        _exported(model), (example.float().cpu(),), file, opset_version=OPSET, input_names=[input], output_names=[output],
        dynamic_axes={input: {0: "batch"}, output: {0: "batch"}}, custom_opsets={DOMAIN: 1}, **options,
    )
    exported = onnx.load_from_string(file.getvalue())
    with torch.no_grad():
        sizes = copy.deepcopy(model).float().cpu().eval()(example.float().cpu()).shape
    exported.graph.output[0].CopyFrom(helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, ["batch", *sizes[1:]]))
    _name_constants_once(exported.graph)
    _fold_normalization(exported.graph)
    if half_weights:
        _halve_weights(exported.graph)
    used = {node.op_type for node in exported.graph.node if node.domain == DOMAIN}
    bodies = onnx.load(str(pathlib.Path(__file__).with_name("functions.onnx"))).functions
    facts = {"lutra.version": "1", "lutra.preprocess": preprocess and json.dumps(preprocess), "lutra.labels": labels and json.dumps(list(labels))}
    written = helper.make_model(
        exported.graph, producer_name="lutra_torch", functions=[body for body in bodies if body.name in used],
        opset_imports=[helper.make_opsetid("", OPSET), *([helper.make_opsetid(DOMAIN, 1)] if used else [])],
    )
    written.ir_version = 9
    helper.set_model_props(written, {key: value for key, value in facts.items() if value})
    pathlib.Path(path).write_bytes(written.SerializeToString())


# Smaller constants are not worth a Cast.
_LARGE = 1024


def _halve_weights(graph: onnx.GraphProto) -> None:
    large = [t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT and math.prod(t.dims) >= _LARGE]
    casts = []
    for tensor in large:
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(numpy.float16), f"{name}/half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], f"{name}/Cast", to=onnx.TensorProto.FLOAT))
    # In front of all that read them.
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _name_constants_once(graph: onnx.GraphProto) -> None:
    """The exporter reads equal constants through Identity nodes: they go, and their readers name the constant."""
    constants = {tensor.name for tensor in graph.initializer}
    copies = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity" and node.input[0] in constants}
    for node in [node for node in graph.node if node.output[0] in copies]:
        graph.node.remove(node)
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = copies.get(name, name)


def _fold_normalization(graph: onnx.GraphProto) -> None:
    """Puts every BatchNormalization that alone reads a lookup layer into the scale and bias of that layer."""
    values = {tensor.name: tensor for tensor in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}
    readers: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            readers[name] = readers.get(name, 0) + 1
    for norm in [node for node in graph.node if node.op_type == "BatchNormalization"]:
        layer = makers.get(norm.input[0])
        if layer is None or layer.domain != DOMAIN or readers[norm.input[0]] != 1:
            continue
        gamma, beta, mean, variance = (numpy_helper.to_array(values[name]).astype(numpy.float64) for name in norm.input[1:5])
        epsilon = next((attribute.f for attribute in norm.attribute if attribute.name == "epsilon"), 1e-5)
        factor = gamma / numpy.sqrt(variance + epsilon)
        scale, bias = (numpy_helper.to_array(values[name]).astype(numpy.float64) for name in layer.input[-2:])
        # New constants: layers may share the old ones.
        folded = {"scale": scale * factor, "bias": (bias - mean) * factor + beta}
        for i, (what, value) in enumerate(folded.items()):
            name = f"{layer.name}/{what}"
            graph.initializer.append(numpy_helper.from_array(value.astype(numpy.float32), name))
            layer.input[len(layer.input) - 2 + i] = name
        layer.output[0] = norm.output[0]
        graph.node.remove(norm)
    read = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)
