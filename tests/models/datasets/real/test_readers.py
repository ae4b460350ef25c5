import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.datasets.real import album, readers
from models.datasets.real.album import Kind, Meta
from models.datasets.real.observations import Look
from models.datasets.real.readers import Labelled, album_of
from relay.gaze.face import Angles
from tests.looks import look, picture

META = Meta("folder", "0001", Kind.COLUMBIA, ships=False, licence="")
GAZES = [Angles(), Angles(0, 10), Angles(8, 0), Angles(-8, -5)]


def write(path: Path, by: Angles = GAZES[0]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture(by)[..., ::-1])


def labelled(pitch_sign: float = 1, yaw_sign: float = 1, group: str = "0") -> list[Labelled]:
    """Looks whose labels count as ours, or the other way round."""
    return [Labelled(look(by), Angles(pitch_sign * by.pitch, yaw_sign * by.yaw), group) for by in GAZES]


def test_names_are_read_as_columbia_writes_them(tmp_path: Path) -> None:
    for name in ("0001/0001_2m_-15P_10V_-5H.jpg", "0001/0001_2m_0P_0V_0H.jpg", "0002_2m_30P_-10V_15H.jpg"):
        write(tmp_path / name)
    (tmp_path / "0003_2m_P_V_H.jpg").touch()
    found = readers.columbia(tmp_path)
    assert {subject: len(pictures) for subject, pictures in found.items()} == {"0001": 2, "0002": 1}
    first = found["0001"][0]
    assert (first.head, first.gaze) == ("-15", Angles(10, -5))
    with pytest.raises(FileNotFoundError, match="no picture named like"):
        readers.columbia(tmp_path / "0001" / "nowhere")


@pytest.mark.parametrize(("pitch_sign", "yaw_sign"), [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_the_irises_decide_which_way_the_labels_count(pitch_sign: float, yaw_sign: float) -> None:
    made = album_of(labelled(pitch_sign, yaw_sign), META)
    assert len(made) == 2 * len(GAZES)
    assert len(made.pairs) == 2 * 6
    places = {place: GAZES[place // 2] for place in range(len(made))}
    for (first, second), turn in zip(_in_time(made.pairs, made), made.correction, strict=True):
        one, other = places[first], places[second]
        assert turn == pytest.approx((other.pitch - one.pitch, other.yaw - one.yaw))


def _in_time(pairs: np.ndarray, made: album.Album) -> list[tuple[int, int]]:
    """The pairs with each eye as its place in GAZES, twice, found by where its iris lies."""
    truth = [sighting.eye.iris for by in GAZES for sighting in look(by).eyes]
    found = [
        int(
            np.argmin([np.hypot(*(iris - other)) + 99 * (at % 2 != made.side[place]) for at, other in enumerate(truth)])
        )
        for place, iris in enumerate(made.iris)
    ]
    return [(found[first], found[second]) for first, second in pairs.tolist()]


def test_pairs_stay_within_a_group() -> None:
    mixed = [one if at % 2 else Labelled(one.look, one.gaze, "15") for at, one in enumerate(labelled())]
    assert len(album_of(mixed, META).pairs) == 2 * 2


def test_pictures_named_like_columbias_become_an_album(model: Path, tmp_path: Path) -> None:
    # These names count to the left.
    write(tmp_path / "in" / "0007_2m_0P_0V_0H.png")
    write(tmp_path / "in" / "0007_2m_0P_0V_-10H.png", Angles(0, 10))
    assert readers.main(["columbia", "--out", str(tmp_path), "--model", str(model), str(tmp_path / "in")]) is None
    made = album.read(tmp_path / "columbia_0007.npz")
    assert made.meta.kind is Kind.COLUMBIA
    assert len(made.pairs) == 2
    place = made.iris[:, 0] - made.corners[..., 0].mean(1)
    moved = place[made.pairs[:, 1]] - place[made.pairs[:, 0]]
    assert np.abs(made.correction) == pytest.approx(np.array([[0, 10], [0, 10]]))
    assert (np.sign(made.correction[:, 1]) == np.sign(moved)).all()


def test_a_recording_of_pictures_becomes_an_album(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ada_monday"
    write(folder / "lens.png")
    write(folder / "face.png", Angles(-8, 4))
    points = [{"image": "lens.png", "pitch": 0, "yaw": 0}, {"image": "face.png", "pitch": -9, "yaw": 4}]
    (folder / "calibration.json").write_text(json.dumps({"person": "ada", "points": points}))
    arguments = ["calibration", "--out", str(tmp_path), "--ships", "--model", str(model), str(folder)]
    assert readers.main(arguments) is None
    made = album.read(tmp_path / "ada_monday.npz")
    assert made.meta == Meta("ada_monday", "ada", Kind.CALIBRATION, ships=True, licence="not stated")
    assert len(made.pairs) == 2
    assert np.abs(made.correction) == pytest.approx(np.array([[9, 4], [9, 4]]))
    place = made.iris[:, 1] - made.corners[..., 1].mean(1)
    down = place[made.pairs[:, 1]] - place[made.pairs[:, 0]]
    assert (np.sign(-made.correction[:, 0]) == np.sign(down)).all()


def test_of_a_video_only_the_second_after_each_click_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def looks(path: Path, model: Path) -> Iterator[Look]:
        assert path == tmp_path / "looks.mp4"
        yield from (look(time=at / 10) for at in range(100))

    monkeypatch.setattr(readers, "looks_of_video", looks)
    points = [{"time": 2.0, "pitch": 0, "yaw": 0}, {"time": 6, "pitch": -12, "yaw": 3}]
    (tmp_path / "calibration.json").write_text(json.dumps({"video": "looks.mp4", "points": points}))
    taken = readers.recording(tmp_path)
    found = list(readers.labelled_recording(taken))
    assert taken.person == tmp_path.name
    assert [round(one.look.right.time, 1) for one in found] == [
        *(round(2.3 + at / 10, 1) for at in range(10)),
        *(round(6.3 + at / 10, 1) for at in range(10)),
    ]
    assert found[-1].gaze == Angles(-12, 3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "Expecting property name"),
        ('{"people": []}', "'points' is missing"),
        ('{"points": [{"image": "a.png", "pitch": 1}]}', "'yaw' is missing"),
        ('{"video": "a.mp4", "points": [{"image": "a.png", "pitch": 1, "yaw": 2}]}', "'time' is missing"),
    ],
)
def test_what_is_wrong_with_a_recording_is_told(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "calibration.json").write_text(content)
    assert told in (readers.main(["calibration", "--out", str(tmp_path), str(tmp_path)]) or "")


def test_a_folder_without_a_recording_is_named(tmp_path: Path) -> None:
    assert "calibration.json" in (readers.main(["calibration", "--out", str(tmp_path), str(tmp_path)]) or "")
