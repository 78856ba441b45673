"""Two processes on one machine learn the same network: DistributedDataParallel needs nothing special."""
import os
import pathlib
import socket
import subprocess
import sys

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel

HERE = pathlib.Path(__file__).resolve()


def train() -> None:
    from tests.networks import GEOMETRIES, examples, small_network

    from lutra_torch import convert

    dist.init_process_group("gloo")
    rank, count = dist.get_rank(), dist.get_world_size()
    torch.set_num_threads(1)
    x, labels = examples(64), torch.arange(64) % 5
    model = convert(small_network(), [x], GEOMETRIES, layers=GEOMETRIES).train()
    shared = DistributedDataParallel(model)
    optimizer = torch.optim.SGD([p for p in shared.parameters() if p.requires_grad], lr=0.05)
    losses = []
    for _ in range(20):
        loss = F.cross_entropy(shared(x[rank::count]), labels[rank::count])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0], losses
    mine = torch.cat([p.detach().flatten() for p in model.parameters()])
    everyone = [torch.empty_like(mine) for _ in range(count)]
    dist.all_gather(everyone, mine)
    assert all(torch.equal(other, mine) for other in everyone)
    dist.barrier()
    dist.destroy_process_group()
    print(f"rank {rank} learned")


def test_two_processes_learn_the_same_weights():
    # What torchrun sets. torchrun itself fails in PyTorch 1.13 on Python 3.11 (Debian 12), before it starts a process.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    start = lambda rank: subprocess.Popen(
        [sys.executable, str(HERE)], env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, cwd=HERE.parents[1],
    )
    for process in [start(rank) for rank in range(2)]:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0 and "learned" in output, output[-4000:]


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    train()
