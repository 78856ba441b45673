import json

import numpy
import onnx
import pytest
import torch
from onnx import numpy_helper

from lutra_torch import LutConv2d, convert, export_onnx, load_conversion

from .networks import GEOMETRIES, INTEGER, examples, small_network


def converted():
    return convert(small_network(), [examples(256)], GEOMETRIES, layers=GEOMETRIES, integer=INTEGER).eval()


def test_file_has_the_operators_and_integers_of_the_model(tmp_path):
    model = converted()
    export_onnx(model, examples(2), tmp_path / "m.onnx", labels=["a", "b"], preprocess={"kind": "image"})
    file = onnx.load(str(tmp_path / "m.onnx"))
    operators = [node.op_type for node in file.graph.node if node.domain == "lutra"]
    assert operators == ["QuantizedConv", "Encode", "LookUp", "Encode", "LookUp", "Encode", "LookUp", "Encode", "LookUp"]
    assert "BatchNormalization" not in [node.op_type for node in file.graph.node]
    assert {function.name for function in file.functions} == {"QuantizedConv", "Encode", "LookUp"}
    facts = {entry.key: entry.value for entry in file.metadata_props}
    assert facts["lutra.version"] == "1" and json.loads(facts["lutra.labels"]) == ["a", "b"]
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in file.graph.initializer}
    encoders = [node for node in file.graph.node if node.op_type == "Encode"]
    for node, layer in zip(encoders, [layer for layer in model if isinstance(layer, LutConv2d)]):
        q, b = layer.scores()
        numpy.testing.assert_array_equal(values[node.input[3]].ravel(), q.numpy().ravel())
        numpy.testing.assert_array_equal(values[node.input[4]], b.numpy().ravel())
        assert values[node.input[3]].dtype == numpy.int8 and values[node.input[4]].dtype == numpy.int32
    sizes = [dim.dim_param or dim.dim_value for dim in file.graph.output[0].type.tensor_type.shape.dim]
    assert sizes == ["batch", 5]


def test_export_leaves_the_model_as_it_was(tmp_path):
    model, x = converted(), examples(8)
    before = model(x)
    export_onnx(model, x, tmp_path / "m.onnx")
    assert torch.equal(model(x), before)


def test_values_that_are_not_finite_are_refused(tmp_path):
    model = converted()
    model[2].centroids.data[0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="2.centroids"):
        export_onnx(model, examples(2), tmp_path / "m.onnx")


def test_training_goes_on_where_the_file_ended(tmp_path):
    names = {"2": "3", "5": "6"}
    model = convert(small_network(), [examples(256)], GEOMETRIES, layers=names)
    model.eval()
    x = examples(64, seed=5)
    export_onnx(model, x, tmp_path / "m.onnx")
    loaded = load_conversion(small_network(), tmp_path / "m.onnx", names, [x]).eval()
    wanted, got = model(x), loaded(x)
    # Tables are rounded again, which changes a few codes behind them.
    assert torch.nn.functional.cosine_similarity(wanted, got).min() > 0.98
    loaded.train()(x).square().sum().backward()
    assert loaded[2].table.grad.abs().sum() > 0
    with pytest.raises(ValueError, match="2 lookup layers"):
        load_conversion(small_network(), tmp_path / "m.onnx", {"2": "3"}, [x])


def test_half_weights_halve_the_file_and_hardly_change_it(tmp_path):
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 3), torch.nn.ReLU(), torch.nn.Conv2d(64, 64, 3)).eval()
    for half in (False, True):
        export_onnx(model, examples(2), tmp_path / f"{half}.onnx", half_weights=half)
    whole, halved = (onnx.load(str(tmp_path / f"{half}.onnx")) for half in (False, True))
    assert len(halved.SerializeToString()) < 0.55 * len(whole.SerializeToString())
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in halved.graph.initializer}
    casts = [node for node in halved.graph.node if node.op_type == "Cast"]
    assert len(casts) == 2
    for node in casts:
        original = next(numpy_helper.to_array(t) for t in whole.graph.initializer if t.name == node.output[0])
        numpy.testing.assert_allclose(values[node.input[0]], original, atol=1e-3)
