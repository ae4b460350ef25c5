"""Data-parallel training by several processes started with torchrun; with a single process each function is a no-op.

Gradients are averaged here and not by DistributedDataParallel, because the network runs twice in an update.
"""

import os
from pathlib import Path

import torch
from torch import Tensor, distributed, nn

from models.config import Recipe


def join_processes(folder: Path) -> None:
    """Join the other processes, when torchrun started this one."""
    if "RANK" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    folder.mkdir(parents=True, exist_ok=True)


def device_for(recipe: Recipe) -> torch.device:
    """The device this process trains on."""
    if recipe.device != "auto":
        return torch.device(recipe.device)
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )


def rank() -> int:
    """This process's rank; 0 without torchrun."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def broadcast_weights(*modules: nn.Module) -> None:
    """Copy the first process's weights to all processes."""
    if distributed.is_initialized():
        for module in modules:
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, 0)


def average_gradients(module: nn.Module) -> None:
    """Average the gradients over all processes."""
    if not distributed.is_initialized():
        return
    gradients = [one.grad for one in module.parameters() if one.grad is not None]
    flat = torch.cat([one.flatten() for one in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for gradient, mean in zip(gradients, flat.split([one.numel() for one in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def mean_over_processes(value: Tensor) -> float:
    """The mean over all processes, so that decisions based on it are the same in all of them."""
    mean = value.detach().clone()
    if distributed.is_initialized():
        distributed.all_reduce(mean)
        mean /= distributed.get_world_size()
    return mean.item()
