"""One training on several processes: each takes its share of every batch, and all end with equal weights."""

from __future__ import annotations

import atexit
import os
from dataclasses import dataclass

import torch
from torch import distributed, nn

from cohorts.errors import Finding, FitError, RunError


@dataclass(frozen=True)
class Processes:
    """The place of this process among those that train together.

    Parameters
    ----------
    rank : from 0; process 0 writes files. size : their number. local : number of the process on its machine.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def writes(self) -> bool:
        """Whether this process writes logs and checkpoints."""
        return self.rank == 0

    @property
    def mine(self) -> slice:
        """The places of a batch that this process takes."""
        return slice(self.rank, None, self.size)

    def joint(self, network: nn.Module) -> nn.Module:
        """Return the network with gradients that are means over the processes, starting from process 0's weights."""
        if self.size == 1:
            return network
        joint: nn.Module = nn.parallel.DistributedDataParallel(network)
        return joint

    def share_buffers(self, *networks: nn.Module) -> None:
        """Make running statistics equal to their means over the processes."""
        if self.size == 1:
            return
        for network in networks:
            for buffer in network.buffers():
                if buffer.is_floating_point():
                    distributed.all_reduce(buffer)
                    buffer /= self.size

    def check_same(self, digest: str) -> None:
        """Refuse processes that were given different films, outcomes or settings (I57)."""
        if self.size == 1:
            return
        own = torch.tensor([int(digest[place : place + 8], 16) for place in range(0, 32, 8)], dtype=torch.int64)
        # the least of a number and of its negative: one exchange tells least and most
        both = torch.cat([own, -own])
        both = both.cuda(self.local) if distributed.get_backend() == "nccl" else both
        distributed.all_reduce(both, distributed.ReduceOp.MIN)
        least, most = both[:4], -both[4:]
        if not torch.equal(least, most):
            rule = f"the {self.size} processes were given different films, outcomes or settings"
            raise RunError(Finding("I57", rule, "let every process read the same index and the same study"))

    def check_batch(self, smallest: int) -> None:
        """Refuse batches too small to be shared (I52)."""
        if smallest < 2 * self.size:
            rule = f"batches of {smallest} films for {self.size} processes: each needs two, to normalise by"
            raise FitError(Finding("I52", rule, "more training films, larger batches, or fewer processes"))


def join(device: str) -> Processes:
    """Return this process's place: among those that torchrun started, or alone.

    A group is made once and lasts as long as the process: one that ends earlier would cut off slower ones. GPUs talk by
    nccl, CPUs by gloo.
    """
    local, size = (int(os.environ.get(name, default)) for name, default in (("LOCAL_RANK", "0"), ("WORLD_SIZE", "1")))
    if not (distributed.is_available() and distributed.is_initialized()):
        if size == 1:
            return Processes()
        on_gpu = torch.cuda.is_available() and device != "cpu"
        distributed.init_process_group("nccl" if on_gpu else "gloo")
        atexit.register(distributed.destroy_process_group)
    return Processes(distributed.get_rank(), distributed.get_world_size(), local)
