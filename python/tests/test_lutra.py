"""The exported file computes in Lutra, and in onnxruntime, what the module computes in PyTorch."""
import pathlib
import shutil
import subprocess

import numpy
import pytest
import torch

from lutra_torch import LutConv2d, convert, export_onnx

from .networks import GEOMETRIES, INTEGER, examples, small_network

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("tables", ["product", "free"])
def test_codes_and_outputs_are_equal(tmp_path, tables):
    if shutil.which("node") is None or not (REPOSITORY / "node_modules").exists():
        pytest.skip("Lutra itself is not installed here: npm ci")
    model = convert(small_network(), [examples(256)], GEOMETRIES, layers=GEOMETRIES, integer=INTEGER, encoder="frozen").eval()
    layers = [layer for layer in model if isinstance(layer, LutConv2d)]
    for layer in layers:
        layer.learn(tables)
    x = examples(9, seed=4)
    codes = []
    hooks = [layer.register_forward_pre_hook(lambda own, given: codes.append((own, given[0].detach()))) for layer in layers]
    with torch.no_grad():
        wanted = model(x)
    for hook in hooks:
        hook.remove()
    export_onnx(model, x, tmp_path / "model.onnx")
    numpy.savez(tmp_path / "input.npz", input=x.numpy())
    command = ["node", "--import", "tsx", "test/run-exported.ts", *(str(tmp_path / name) for name in ("model.onnx", "input.npz", "output.npz"))]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    results = numpy.load(tmp_path / "output.npz")
    for engine in ("lutra", "onnxruntime"):
        for i, (layer, given) in enumerate(codes):
            rows = given.reshape(-1, given.shape[-1], 1, 1) if given.ndim == 2 else given
            numpy.testing.assert_array_equal(results[f"{engine}/codes{i}"], layer.codes(rows).numpy())
        numpy.testing.assert_allclose(results[f"{engine}/output"], wanted.numpy(), rtol=1e-5, atol=1e-6)
