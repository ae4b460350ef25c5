"""Trains a network: python -m models.train --out DIR --scenes DIR [--albums '["DIR"]'] ... (scripts/train).

Resumes the run in the same folder, if any. Several GPUs: torchrun --nproc-per-node N -m models.train ...
"""

import sys

import torch
from pydantic import ValidationError
from pydantic_settings import CliApp
from torch import distributed
from tqdm import tqdm

from models import checkpoint
from models.config import Recipe
from models.datasets.mixing import Batch, Mixture, load_albums, load_scenes
from models.distributed import join_processes
from models.trainer import DivergedError, Trainer

HELD_OUT = 6  # batches of held-out eyes used for validation
MAY_CHANGE = {"out", "begin", "scenes", "albums", "threads", "workers", "device", "checkpoint_every", "sheet_every"}


def main(arguments: list[str]) -> str | None:
    """Train. Returns an error message, or None."""
    try:
        recipe = CliApp.run(Recipe, cli_args=arguments)
        join_processes(recipe.out)
        torch.set_num_threads(recipe.threads)
        run = Trainer(_check_unchanged(recipe), *_data(recipe))
        run.run()
    except (ValidationError, DivergedError, ValueError, OSError) as error:
        return str(error)
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
    return None


def _check_unchanged(recipe: Recipe) -> Recipe:
    """The recipe. Raises ValueError where the folder holds a run with another recipe."""
    if checkpoint.exists(recipe.out):
        begun = checkpoint.load(recipe.out).recipe
        fixed = set(Recipe.model_fields) - MAY_CHANGE
        changed = sorted(name for name in fixed if getattr(begun, name) != getattr(recipe, name))
        if changed:
            raise ValueError(f"{recipe.out} holds a run with another {', '.join(changed)}: choose another --out")
    return recipe


def _data(recipe: Recipe) -> tuple[Mixture, list[Batch]]:
    """Training data, and held-out batches."""
    ranks = distributed.get_world_size() if distributed.is_initialized() else 1
    rank = distributed.get_rank() if distributed.is_initialized() else 0
    rendered, real = load_scenes(recipe.scenes, "train"), load_albums(recipe.albums, recipe.shippable)
    mixture = Mixture(recipe, rendered, real, rank, ranks)
    sizes = ", ".join(f"{name} {size}" for name, size in mixture.described.items())
    tqdm.write(f"{len(rendered)} scenes, {len(real)} albums; samples: {sizes}", file=sys.stderr)
    held_out = load_scenes(recipe.scenes, "validation")
    validation = [Mixture(recipe, held_out, real)[number] for number in range(HELD_OUT)] if held_out else []
    return mixture, validation


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
