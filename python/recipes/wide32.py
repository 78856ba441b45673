"""The shipped CIFAR-10 model: a network that is wide where lookups pay, trained dense, converted by Lutra, then its tables trained.

    cd python && python3 recipes/wide32.py dense --data ../../shared/data/cifar10/train.tar.gz
    npx lutra convert build/wide32.onnx --geometry patch --k 16 --stem integer --calibration train.tar.gz -o build/wide32.converted.onnx
    python3 recipes/wide32.py tables --data ../../shared/data/cifar10/train.tar.gz

Needs Pillow. Each step keeps a checkpoint in `--folder` (default: python/build) and goes on from it when it is started again.
"""
from __future__ import annotations

import argparse
import copy
import io
import math
import pathlib
import sys
import tarfile
import time

import numpy
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))

from lutra_torch import convert, convertible, export_onnx, load_conversion  # noqa: E402

DEFAULT_FOLDER = HERE.parents[1] / "build"
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
PREPROCESS = {
    "kind": "image", "width": 32, "height": 32, "channels": 3, "scale": 1 / 255, "mean": MEAN, "std": STD, "resize": "bilinear", "layout": "nchw",
}
BATCH = 256
# Training images that only measure.
HELD_OUT = 2000


class NormConv(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int = 1, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class Stage(nn.Module):
    """A convolution that changes the number of channels, and a residual block."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv = NormConv(inputs, outputs, stride)
        self.block = nn.ModuleList([NormConv(outputs, outputs), NormConv(outputs, outputs)])

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return F.relu(self.block[1](F.relu(self.block[0](x))) + x)


class Wide32(nn.Module):
    """The zoo's `wide32`: 64, 128 and 256 channels, positions reduced at once. 189 M multiply-adds, 1.84 M weights."""

    def __init__(self, classes: int = len(CLASSES)):
        super().__init__()
        self.stem = NormConv(3, 64, 2, kernel=4)
        self.stages = nn.ModuleList([Stage(64, 128, 1), Stage(128, 256, 2)])
        self.head = nn.Linear(256, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean((2, 3)))


def read_images(path: pathlib.Path, folder: pathlib.Path) -> tuple[Tensor, Tensor]:
    """uint8 [N, 3, 32, 32] and classes [N] of an archive <split>/<class>/NNNN.jpg; decoded once."""
    kept = folder / f"{path.name}.npz"
    if not kept.exists():
        images, labels = [], []
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile():
                    images.append(numpy.asarray(Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")))
                    labels.append(CLASSES.index(member.name.split("/")[-2]))
        numpy.savez(kept, images=numpy.stack(images), labels=numpy.array(labels))
    arrays = numpy.load(kept)
    return torch.from_numpy(arrays["images"]).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(arrays["labels"]).long()


def split(count: int) -> tuple[Tensor, Tensor]:
    """Indices to learn from and to measure on."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(7))
    return order[HELD_OUT:], order[:HELD_OUT]


def as_input(images: Tensor) -> Tensor:
    mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return ((images.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def vary(images: Tensor, generator: torch.Generator, hole: int) -> Tensor:
    """Moves by up to 4 pixels, mirrors half of the images, and covers a square of `hole` pixels with the mean color."""
    padded = F.pad(images.float(), (4, 4, 4, 4), mode="reflect").byte()
    draw = lambda most: torch.randint(0, most, (len(images),), generator=generator).tolist()
    out = torch.empty_like(images)
    color = (255 * torch.tensor(MEAN)).byte().view(3, 1, 1)
    for i, (y, x, mirrored, row, column) in enumerate(zip(draw(9), draw(9), draw(2), draw(32), draw(32))):
        image = padded[i, :, y : y + 32, x : x + 32]
        out[i] = image.flip(2) if mirrored else image
        if hole:
            top, left = max(0, row - hole // 2), max(0, column - hole // 2)
            out[i, :, top : row + hole // 2, left : column + hole // 2] = color
    return as_input(out)


def mixed_precision():
    return torch.autocast("cpu", torch.bfloat16)


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Percent."""
    training, right = model.training, 0
    model.eval()
    with mixed_precision():
        for i in range(0, len(images), BATCH):
            right += (model(as_input(images[i : i + BATCH])).argmax(1) == labels[i : i + BATCH]).sum().item()
    model.train(training)
    return 100 * right / len(images)


def learn(model, optimizer, rate, loss_of, hole, data, epochs, kept) -> None:
    """rate: part of the training done (0..1) → learning rate. loss_of: inputs, labels → loss. Goes on from the checkpoint `kept`."""
    images, labels = data
    train, held = split(len(images))
    steps = len(train) // BATCH
    first = 0
    if kept.exists():
        state = torch.load(kept)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["epoch"]
    model.train()
    for epoch in range(first, epochs):
        generator = torch.Generator().manual_seed(epoch)
        order = train[torch.randperm(len(train), generator=generator)]
        began, total = time.time(), 0.0
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate((epoch * steps + step) / (epochs * steps))
            batch = order[step * BATCH : (step + 1) * BATCH]
            loss = loss_of(vary(images[batch], generator, hole), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() / steps
        held_out = accuracy(model, images[held], labels[held])
        seen = (epoch + 1) * steps * BATCH
        print(f"pass {epoch + 1}: {seen} examples seen, loss {total:.4f}, held out {held_out:.2f} %, {time.time() - began:.0f} s", flush=True)
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}, kept)


def write(model: nn.Module, path: pathlib.Path) -> None:
    facts = {"input": "image", "output": "logits", "preprocess": PREPROCESS, "labels": CLASSES}
    export_onnx(model, torch.zeros(1, 3, 32, 32), path, half_weights=True, **facts)
    print(path)


def train_dense(data, epochs: int, folder: pathlib.Path) -> None:
    """Labels, SGD with Nesterov momentum, one rise and one fall of the rate."""
    torch.manual_seed(1)
    model = Wide32().to(memory_format=torch.channels_last)
    nn.init.normal_(model.head.weight, std=0.01)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0}]
    optimizer = torch.optim.SGD(groups, lr=0.25, momentum=0.9, nesterov=True)

    def loss_of(x, labels):
        with mixed_precision():
            logits = model(x).float()
        return F.cross_entropy(logits, labels, label_smoothing=0.1)

    learn(model, optimizer, lambda done: 0.25 * min(done / 0.15, (1 - done) / 0.85), loss_of, 8, data, epochs, folder / "wide32.checkpoint")
    write(model, folder / "wide32.onnx")


def train_tables(data, epochs: int, folder: pathlib.Path) -> None:
    """The answers of the dense network (divergence at temperature 4), Adam. Codes stay, every entry of the tables learns."""
    teacher = Wide32().to(memory_format=torch.channels_last)
    teacher.load_state_dict(torch.load(folder / "wide32.checkpoint")["model"])
    teacher.eval()
    images, _ = data
    batches = [as_input(images[split(len(images))[0][i * 250 : (i + 1) * 250]]) for i in range(4)]
    model = copy.deepcopy(teacher)
    norms = {name: name.removesuffix("conv") + "norm" for name in convertible(model)}
    load_conversion(model, folder / "wide32.converted.onnx", norms, batches)
    convert(model, batches, layers=[], integer=["stem.conv"])
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], betas=(0.9, 0.99))

    def loss_of(x, _):
        with mixed_precision():
            with torch.no_grad():
                wanted = teacher(x).float()
            logits = model(x).float()
        both = ((values / 4).log_softmax(1) for values in (logits, wanted))
        return 16 * F.kl_div(*both, log_target=True, reduction="batchmean")

    rate = lambda done: 7e-4 * min(1.0, done / 0.05) * (0.5 + 0.5 * math.cos(math.pi * done))
    learn(model, optimizer, rate, loss_of, 0, data, epochs, folder / "wide32.tables.checkpoint")
    write(model, folder / "wide32.lut.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["dense", "tables"])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="train.tar.gz")
    parser.add_argument("--epochs", type=int, help="passes over the data (default: 30 dense, 8 tables)")
    parser.add_argument("--folder", type=pathlib.Path, default=DEFAULT_FOLDER, help="where networks and checkpoints are kept")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    data = read_images(given.data, given.folder)
    if given.step == "dense":
        train_dense(data, given.epochs or 30, given.folder)
    else:
        train_tables(data, given.epochs or 8, given.folder)


if __name__ == "__main__":
    main()
