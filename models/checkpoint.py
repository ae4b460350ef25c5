"""The checkpoint of a training run: everything needed to resume exactly where it stopped. Written atomically."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.config import Recipe

NAME = "checkpoint.pt"


@dataclass(frozen=True)
class Checkpoint:
    """step: updates done. States are state_dicts of the trainer's parts, by name."""

    recipe: Recipe
    step: int
    states: dict[str, Any]


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write to a temporary file, then rename: an interrupted write leaves the previous checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{NAME}.{os.getpid()}.partial"
    content = {"recipe": checkpoint.recipe.model_dump_json(), "step": checkpoint.step, "states": checkpoint.states}
    torch.save(content, partial)
    return partial.replace(folder / NAME)


def load(path: Path, device: torch.device | str = "cpu") -> Checkpoint:
    """The checkpoint in this file or folder. Raises FileNotFoundError; ValueError for any other content."""
    path = path / NAME if path.is_dir() else path
    content = torch.load(path, map_location=device, weights_only=True)
    if not isinstance(content, dict) or set(content) != {"recipe", "step", "states"}:
        raise ValueError(f"{path} is not a checkpoint of a training run")
    recipe = Recipe.model_validate_json(content["recipe"])
    return Checkpoint(recipe, int(content["step"]), content["states"])


def exists(folder: Path) -> bool:
    """Whether there is a run to resume."""
    return (folder / NAME).exists()
