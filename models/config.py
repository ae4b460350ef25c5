"""All settings of a training run: frozen, validated, stored in every checkpoint. Flags of scripts/train."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Shape(BaseModel, frozen=True):
    """The warping network's size."""

    widths: tuple[int, int, int] = Field((40, 72, 96), description="channels at 24x32, 12x16, 6x8")
    inner: float = Field(1.0, description="channels between a block's two 1x1 layers, over its own")
    angles: int = Field(24, description="width of the layers that take the aim as input")
    light: bool = Field(True, description="whether the network may add light to the luma")


class Weights(BaseModel, frozen=True):
    """The weight of each loss (losses.py). 0 leaves a loss out."""

    target: float = Field(10.0, description="L1, gradients and SSIM against the target image [claim 2]")
    flow: float = Field(0.4, description="renderer's flow, patch pixels")
    layer: float = Field(0.5, description="known layers against the mask")
    inverse: float = Field(2.0, description="redirected by +a, then by -a, against the unmodified image [claim 3]")
    adversarial: float = Field(0.05, description="gap of the critic's mean scores [claim 4]")
    correction: float = Field(
        0.02, description="critic's gaze + aim against its gaze of the modified, degrees [claim 5]"
    )
    smooth: float = Field(0.02, description="second differences of the field")
    light: float = Field(1.0, description="light added to the luma or subtracted from it")
    rigid: float = Field(0.1, description="iris moves rigidly by its step, lids stay intact, patch pixels")


class Shares(BaseModel, frozen=True):
    """Samples of each kind in a batch."""

    synthetic: int = 24
    pairs: int = 12
    unlabelled: int = 12

    @property
    def total(self) -> int:
        """The batch's size."""
        return self.synthetic + self.pairs + self.unlabelled


class Recipe(BaseSettings):
    """One run."""

    model_config = SettingsConfigDict(
        env_prefix="EYELINE_TRAIN_",
        frozen=True,
        extra="forbid",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_enforce_required=True,
        cli_hide_none_type=True,
        cli_prog_name="train",
    )

    out: Path = Field(description="folder of this run: checkpoints, curves, sheets")
    scenes: Path = Field(description="folder of rendered scenes")
    albums: list[Path] = Field([], description="folders or files of real eyes")
    shippable: bool = Field(True, description="only real eyes whose licence lets weights be published")
    begin: Path | None = Field(None, description="a finished run whose networks initialise this one")
    steps: int = Field(6000, ge=1, description="updates of the network")
    seed: int = 0
    rate: float = Field(1.5e-3, description="highest learning rate")
    warm_up: int = Field(150, description="updates until the highest rate; then cosine decay to zero")
    average: float = Field(0.998, description="decay of the averaged weights (EMA)")
    clip: float = Field(1.0, description="highest norm of the gradient")
    order: Literal["together", "in_sequence"] = Field(
        "together", description="in_sequence: rendered eyes alone first, then real eyes alone; it forgets the first"
    )
    shape: Shape = Shape()
    weights: Weights = Weights()
    shares: Shares = Shares()
    critic_after: float = Field(0.25, description="share of the updates before the critic's losses are used")
    critic_steps: int = Field(2, description="critic's updates in its phase, network frozen")
    network_steps: int = Field(4, description="network's updates in its phase, critic frozen")
    wanted_gap: float = Field(
        0.0, description="the network's phase ends early below this score gap, real minus modified"
    )
    critic_rate: float = 4e-4
    penalty: float = Field(1.0, description="weight of the critic's gradient penalty")
    penalty_every: int = Field(4, description="critic's updates between two gradient penalties")
    inverse_share: float = Field(0.5, description="share of a batch used for the inverse loss")
    lids_dropped: float = Field(0.3, description="probability that the lid map is left blank")
    amp: bool = Field(True, description="mixed precision, where there is a GPU")
    threads: int = Field(1, description="CPU threads of each process")
    workers: int = Field(0, description="processes that prepare batches; 0 prepares them in this one")
    checkpoint_every: int = 250
    sheet_every: int = 500
    device: str = Field("auto", description="auto, cpu or cuda")
