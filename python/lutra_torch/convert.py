"""`convert`: replaces layers of a trained network by lookup layers, in closed form, layer after layer."""
from __future__ import annotations

from typing import Iterable, Mapping

import torch
from torch import Tensor, nn

from .integer import QuantizedConv2d
from .layers import Geometry, LutConv2d, LutLinear

LookUpLayer = (LutConv2d, QuantizedConv2d)
_NORMALIZATION = (nn.BatchNorm1d, nn.BatchNorm2d)


def convertible(model: nn.Module) -> list[str]:
    """Names of the layers that `convert` replaces by default: plain convolutions with a kernel larger than 1, but the first."""
    found = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    return [name for name in found[1:] if _plain(model.get_submodule(name))]


def _plain(conv: nn.Conv2d) -> bool:
    return conv.groups == 1 and max(conv.kernel_size) > 1 and tuple(conv.dilation) == (1, 1)


@torch.no_grad()
def convert(
    model: nn.Module,
    calibration: Iterable[Tensor],
    geometry: Geometry | Mapping[str, Geometry] = Geometry(),
    *,
    layers: Iterable[str] | None = None,
    integer: Iterable[str] = (),
    tables: str = "product",
    encoder: str = "follow",
    seed: int = 1,
) -> nn.Module:
    """Replaces layers in place, each fitted to inputs from the part already converted, then measures batch normalization again.

    model: in evaluation mode or not; its mode is kept. calibration: batches of inputs, a few hundred examples in all.
    geometry: of all layers, or by name. layers: names to look up (default: `convertible(model)`). integer: names to compute in integers.
    Returns the model. Raises ValueError for names that are no layers of the model, and for layers that have no such form.
    """
    batches = list(calibration)
    if not batches:
        raise ValueError("calibration is empty: a few hundred examples are needed")
    chosen = list(convertible(model) if layers is None else layers)
    integers = list(integer)
    known = dict(model.named_modules())
    for name in [*chosen, *integers]:
        if not isinstance(known.get(name), (nn.Conv2d, nn.Linear)):
            raise ValueError(f"{name!r} is no convolution and no linear layer of the model")
    training = model.training
    model.eval()
    generator = torch.Generator().manual_seed(seed)
    for name in [name for name in known if name in {*chosen, *integers}]:
        dense = model.get_submodule(name)
        if name in integers:
            layer = QuantizedConv2d(dense)
        else:
            form = geometry if isinstance(geometry, Geometry) else geometry[name]
            kind = LutLinear if isinstance(dense, nn.Linear) else LutConv2d
            layer = kind(dense, form, tables=tables, encoder=encoder)
        layer.fit(inputs_of(model, name, batches), generator)
        replace(model, name, layer.eval())
    remeasure(model, batches)
    return model.train(training)


def replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, layer)


def inputs_of(model: nn.Module, name: str, batches: list[Tensor]) -> Tensor:
    seen: list[Tensor] = []
    hook = model.get_submodule(name).register_forward_pre_hook(lambda _, given: seen.append(given[0].detach().float()))
    try:
        for batch in batches:
            model(batch)
    finally:
        hook.remove()
    if not seen:
        raise ValueError(f"the model never ran its layer {name!r}")
    return torch.cat(seen)


@torch.no_grad()
def remeasure(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Measures mean and variance of every batch normalization again, as averages over the batches."""
    norms = [module for module in model.modules() if isinstance(module, _NORMALIZATION)]
    before = [(norm.momentum, norm.training) for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        # None: the plain average.
        norm.momentum = None
        norm.train()
    for batch in batches:
        model(batch)
    for norm, (momentum, training) in zip(norms, before):
        norm.momentum = momentum
        norm.train(training)
