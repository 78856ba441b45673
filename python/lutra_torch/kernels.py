"""The search for codes on a CPU, compiled once where g++ is found. `available()` says whether it was."""
from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import torch
from torch import Tensor

_SOURCE = pathlib.Path(__file__).with_name("kernels.cpp")
_FLAGS = ["-O3", "-march=native", "-mprefer-vector-width=512", "-fopenmp", "-shared", "-fPIC"]


@functools.lru_cache(maxsize=None)
def _library() -> ctypes.CDLL | None:
    compiler = shutil.which("g++")
    if compiler is None or os.environ.get("LUTRA_TORCH_KERNELS") == "0":
        return None
    name = hashlib.sha256(_SOURCE.read_bytes() + " ".join(_FLAGS).encode()).hexdigest()[:16]
    folder = pathlib.Path(tempfile.gettempdir()) / f"lutra-torch-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{name}.so"
    if not target.exists():
        # Another process may compile at the same time: a rename is whole or not at all.
        own = target.with_suffix(f".{os.getpid()}")
        if subprocess.run([compiler, *_FLAGS, "-o", str(own), str(_SOURCE)], capture_output=True, check=False).returncode:
            return None
        own.rename(target)
    return ctypes.CDLL(str(target))


def available(x: Tensor) -> bool:
    """Whether the kernels run on a tensor like x."""
    return x.device.type == "cpu" and x.dtype in (torch.float32, torch.bfloat16) and _library() is not None


def _at(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def encode(x: Tensor, scale: float, zero: int, q: Tensor, bias: Tensor, window: list[int], statistics=None) -> Tensor:
    """Codes [N, B, Ho, Wo] of x [N, C, H, W]. statistics: sums [B, K, v] and counts [B, K] to add to."""
    images, channels, height, width = x.shape
    books, centroids, _ = q.shape
    kh, kw, sy, sx, top, left, bottom, right = window
    size = ((height + top + bottom - kh) // sy + 1, (width + left + right - kw) // sx + 1)
    codes = torch.empty(images, books, *size, dtype=torch.uint8)
    rows = x.detach().permute(0, 2, 3, 1).contiguous()
    q, bias, bounds = q.contiguous(), bias.contiguous(), torch.tensor(window, dtype=torch.int32)
    sums, counts = statistics or (None, None)
    _library().lutra_encode(
        _at(rows), int(x.dtype == torch.bfloat16), images, channels, height, width, ctypes.c_float(scale), zero, books,
        centroids, _at(q), _at(bias), _at(bounds), _at(codes), _at(sums), _at(counts),
    )
    return codes


def gather(codes: Tensor, rows: Tensor) -> Tensor:
    """What codes [N, B, H, W] stand for: rows bfloat16 [B, K, v] → [N, B·v, H, W], channels last."""
    images, books, height, width = codes.shape
    _, centroids, v = rows.shape
    out = torch.empty(images, height, width, books * v, dtype=rows.dtype)
    rows = rows.contiguous()
    _library().lutra_gather(_at(codes), _at(rows), images, books, centroids, v, height * width, _at(out))
    return out.permute(0, 3, 1, 2)
