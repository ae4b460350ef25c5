"""Renders one scene: a person in all poses, with pictures and labels."""

from dataclasses import asdict

import numpy as np

from models.datasets.alignment import align
from models.datasets.render.blender.orders import Family, Order, split_of
from models.datasets.render.blender.raster import split
from models.datasets.render.blender.stage import Stage
from models.datasets.render.blender.view import View, rotation
from models.datasets.render.heads import person as persons
from models.datasets.render.heads.body import Body, EyePose, Part
from models.datasets.render.heads.head import Floats
from models.datasets.render.heads.person import Person
from models.datasets.render.looks import exposure, setting
from models.datasets.render.looks.setting import Setting
from models.datasets.synthetic import labels
from models.datasets.synthetic.scenes import SCHEMA, Scene
from models.datasets.synthetic.truths import Placement, eye_of, gaze_of, openness
from relay.gaze.face import Eye


def make(order: Order) -> Scene:
    """Render a scene. Takes about a second per picture and some seconds to set up."""
    random = order.random()
    person = persons.draw(order.family, order.person, order.data)
    textures = order.data / "textures" if order.data and (order.data / "textures").is_dir() else None
    scene = setting.draw(person, order.gazes, random)
    body = Body(person, setting.dress(person, random, textures), random)
    shots = [body.pose(look) for look in scene.looks]
    placement = Placement(rotation(scene.head), np.array(scene.place))
    stage = set_stage(body, shots[0][0], placement, scene, order.samples)
    light = photograph(stage, body, [placed for placed, _ in shots], placement, order.number * 100)
    # One exposure for all pictures, otherwise brightness would correlate with gaze.
    gain = exposure.meter(light[0], scene.exposure, person.skin.base)
    pictures = np.stack([exposure.develop(picture, gain, scene.exposure) for picture in light])
    parts = body.parts(shots[0][0])
    surfaces = _label(parts, [placed for placed, _ in shots], placement, scene.view)
    truths, contours = _truths([eyes for _, eyes in shots], placement, scene, order.family)
    return Scene(pictures, _describe(order, person, scene, body), truths, contours, surfaces)


def set_stage(body: Body, placed: dict[str, Floats], placement: Placement, scene: Setting, samples: int) -> Stage:
    """A stage with all meshes and lights."""
    stage = Stage(scene.view, samples)
    stage.light(scene.world, scene.lamps, np.array(scene.place))
    for part in body.parts(placed):
        stage.add(part.name, placement(part.points), part.quads, part.material, part.uv)
    stage.paint("skin", "rest", body.person.head.rest)
    person = body.person
    brows = np.concatenate([brow.strands for brow in person.brows])
    stage.paint("skin", "colour", person.skin.colours(person.head, brows, person.hair))
    return stage


def photograph(
    stage: Stage, body: Body, shots: list[dict[str, Floats]], placement: Placement, first_seed: int = 0
) -> list[Floats]:
    """Linear light of every pose, (h, w, 3) each."""
    pictures = []
    for number, placed in enumerate(shots):
        for name, points in placed.items():
            stage.move(name, placement(points))
        for name, factors in body.shades(placed).items():
            stage.paint(name, "shade", factors)
        pictures.append(stage.render(first_seed + number))
    return pictures


def _label(parts: list[Part], shots: list[dict[str, Floats]], placement: Placement, view: View) -> labels.Surfaces:
    """Dense labels of all pictures."""
    known = [part for part in parts if part.layers is not None]
    starts = np.cumsum([0, *(len(part.points) for part in known)])
    triangles = np.vstack([split(part.quads) + start for part, start in zip(known, starts, strict=False)])
    layers = np.concatenate([np.tile(part.layers, 2) for part in known if part.layers is not None])
    places = [view.project(placement(np.vstack([placed[part.name] for part in known]))) for placed in shots]
    return labels.collect(places, triangles, layers, (view.height, view.width))


def _truths(
    shots: list[list[EyePose]], placement: Placement, scene: Setting, family: Family
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Truths and contours by the keys of scenes.py."""
    mesh = [[eye_of(eye, placement, scene.view) for eye in eyes] for eyes in shots]
    seen = [[align(eye, family) for eye in eyes] for eyes in mesh]
    gaze = np.array([[gaze_of(eye, placement) for eye in eyes] for eyes in shots], dtype=np.float32)
    truths = {
        "gaze": gaze[:, :, 0],
        "optic": gaze[:, :, 1],
        "iris": np.array([[eye.iris for eye in eyes] for eyes in mesh], dtype=np.float32),
        "iris_radius": np.array([[eye.iris_radius for eye in eyes] for eyes in mesh], dtype=np.float32),
        "openness": np.array([[_openness(eye) for eye in eyes] for eyes in seen], dtype=np.float32),
        "openness_mesh": np.array([[eye.openness for eye in eyes] for eyes in mesh], dtype=np.float32),
        "closed": np.array([look.closed for look in scene.looks], dtype=np.float32),
    }
    contours = {}
    for name in ("corners", "upper", "lower"):
        contours[name] = np.array([[getattr(eye, name) for eye in eyes] for eyes in seen], dtype=np.float32)
        contours[f"{name}_mesh"] = np.array([[getattr(eye, name) for eye in eyes] for eyes in mesh], dtype=np.float32)
    return truths, contours


def _openness(eye: Eye) -> float:
    return openness(eye.side, eye.corners, eye.upper, eye.lower)


def _describe(order: Order, person: Person, scene: Setting, body: Body) -> dict[str, object]:
    """A scene's metadata, JSON-serialisable."""
    return {
        "schema": SCHEMA,
        "seed": order.seed,
        "scene": order.number,
        "samples": order.samples,
        "identity": person.identity,
        "family": str(person.family),
        "split": split_of(person.identity),
        "tone": person.skin.tone,
        "iris": str(person.iris),
        "glasses": body.dress.glasses is not None,
        "hair": body.dress.locks is not None,
        "makeup": asdict(person.skin.makeup),
        "kappa": person.kappa,
        "pupil": body.dress.pupil,
        "lid_gain": scene.looks[0].lid_gain,
        "head": asdict(scene.head),
        "place": scene.place,
        "camera": asdict(scene.view),
        "world": asdict(scene.world),
        "lamps": [asdict(lamp) for lamp in scene.lamps],
        "exposure": asdict(scene.exposure),
    }
