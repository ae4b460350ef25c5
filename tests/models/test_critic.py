import torch

from models.critic import Critic
from relay.gaze.spec import GRID


def test_a_score_and_a_reading_for_each_eye() -> None:
    score, reading = Critic()(torch.rand(5, 3, *GRID))
    assert score.shape == (5,)
    assert reading.shape == (5, 2)


@torch.no_grad()
def test_it_is_told_nothing_but_the_picture_and_judges_each_alone() -> None:
    """[claims 28-30]: the output depends on neither the rest of the batch nor a label of modification."""
    torch.manual_seed(0)
    critic, pictures = Critic(), torch.rand(4, 3, *GRID)
    score, reading = critic(pictures)
    alone = critic(pictures[1:2])
    assert torch.allclose(score[1:2], alone[0], atol=1e-5)
    assert torch.allclose(reading[1:2], alone[1], atol=1e-4)
