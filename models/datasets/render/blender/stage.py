"""The only module that renders with Blender: meshes, lights and a camera in, linear pictures out.

World frame: millimetres, the lens at the origin, x to the picture's right, y up, z towards the viewer; visible objects
lie at negative z. Knows nothing of heads. Blender is used for training data only; the relay never needs it.
"""

import tempfile
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from models.datasets.render.blender.shaders import Mirror, build, environment
from models.datasets.render.blender.view import View
from models.datasets.render.looks.lights import Light, Surroundings
from models.datasets.render.looks.materials import Material
from models.datasets.render.looks.panorama import prepare

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

UNIT = 0.1  # Blender units in a millimetre: its units are centimetres here


class Stage:
    """A scene. One per process at a time: Blender has one world."""

    def __init__(self, view: View, samples: int) -> None:
        """Empty everything and set up the camera."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self._scene = bpy.context.scene
        self._view = view
        self._mirror: Mirror | None = None
        self._objects: dict[str, bpy.types.Object] = {}
        _set_up(self._scene, view, samples)

    def add(self, name: str, points: Floats, quads: Ints, material: Material, uv: Floats | None = None) -> None:
        """A smooth mesh. points: (n, 3) world mm; quads: (q, 4); uv: (q, 4, 2)."""
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(points * UNIT, [], _polygons(quads))
        mesh.shade_smooth()
        if uv is not None:
            corners = uv[_corner_mask(quads)] if uv.ndim == 3 else uv
            mesh.uv_layers.new(name="uv").data.foreach_set("uv", corners.astype(np.float32).ravel())
        mesh.materials.append(build(material, self._mirror))
        thing = bpy.data.objects.new(name, mesh)
        self._scene.collection.objects.link(thing)
        self._objects[name] = thing

    def paint(self, name: str, attribute: str, values: Floats) -> None:
        """Set (n, 3) values of the vertices of a mesh, for its material."""
        attributes = self._objects[name].data.attributes
        layer = attributes.get(attribute) or attributes.new(attribute, "FLOAT_VECTOR", "POINT")
        layer.data.foreach_set("vector", values.astype(np.float32).ravel())

    def move(self, name: str, points: Floats) -> None:
        """Set new positions, (n, 3) world mm, of the vertices of a mesh."""
        mesh = self._objects[name].data
        mesh.vertices.foreach_set("co", (points * UNIT).astype(np.float32).ravel())
        mesh.update()

    def light(self, world: Surroundings, lamps: tuple[Light, ...], seen_from: NDArray[np.float64]) -> None:
        """Set up lights and reflections. seen_from: (3,) mm, position of the reflecting surfaces. Call before `add`."""
        folder = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world"
        panorama = prepare(_read(folder / f"{world.name}.exr"), world, lamps, seen_from)
        background = bpy.data.worlds.new("world")
        self._scene.world = background
        background.use_nodes = True
        tree = background.node_tree
        picture = environment(tree, panorama.light, world.turn, "Generated")
        tree.links.new(picture, tree.nodes["Background"].inputs["Color"])
        self._mirror = Mirror(panorama.mirror, world.turn)
        for lamp in lamps:
            self._add_lamp(lamp)

    def _add_lamp(self, lamp: Light) -> None:
        """A rectangular lamp along its own -z, invisible to reflections (their panorama contains it)."""
        data = bpy.data.lights.new("lamp", "AREA")
        data.shape, data.size, data.size_y = "RECTANGLE", lamp.size[0] * UNIT, lamp.size[1] * UNIT
        place = np.array(lamp.place)
        back = place - np.array(lamp.aim)
        distance = float(np.linalg.norm(back))
        # An area lamp of power P has radiance P / (pi A).
        area = lamp.size[0] * lamp.size[1] * UNIT**2
        data.energy, data.color = lamp.radiance(distance) * np.pi * area, lamp.colour
        back = back / distance
        across = np.cross([0.0, 1.0, 0.0], back)
        across /= np.linalg.norm(across)
        matrix = np.eye(4)
        matrix[:3] = np.column_stack([across, np.cross(back, across), back, place * UNIT])
        thing = bpy.data.objects.new("lamp", data)
        thing.matrix_world = Matrix(matrix.tolist())
        self._scene.collection.objects.link(thing)

    def render(self, seed: int) -> Floats:
        """(height, width, 3) linear light, first row on top."""
        self._scene.cycles.seed = seed
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.exr"
            self._scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True)
            return _read(path)


def _read(path: Path) -> Floats:
    """(h, w, 3) linear light of a picture file, first row on top."""
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return np.ascontiguousarray(pixels.reshape(height, width, -1)[::-1, :, :3])


def _set_up(scene: bpy.types.Scene, view: View, samples: int) -> None:
    """Cycles on the CPU, few samples, denoised; a camera that shows just the view."""
    scene.render.engine = "CYCLES"
    cycles, render = scene.cycles, scene.render
    cycles.device, cycles.samples, cycles.use_adaptive_sampling = "CPU", samples, False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    # Without the albedo pass: at few samples its noise remains, as black specks of lashes on the sclera.
    cycles.denoising_input_passes = "RGB"
    cycles.use_light_tree = False  # few lamps
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 6, 2, 2
    cycles.transparent_max_bounces, cycles.caustics_reflective, cycles.caustics_refractive = 12, False, False
    cycles.sample_clamp_indirect, cycles.sample_clamp_direct = 3.0, 10.0
    cycles.filter_width = 1.2
    render.threads_mode, render.threads = "FIXED", 1
    render.resolution_x, render.resolution_y, render.resolution_percentage = view.width, view.height, 100
    render.use_persistent_data = True
    render.image_settings.file_format, render.image_settings.color_depth = "OPEN_EXR", "32"
    scene.view_settings.view_transform = "Raw"
    camera = bpy.data.cameras.new("camera")
    camera.sensor_fit, camera.sensor_width = "HORIZONTAL", 36.0
    camera.lens = 36.0 * view.focal / view.width
    camera.shift_x = (view.width / 2 - view.centre[0]) / view.width
    camera.shift_y = (view.centre[1] - view.height / 2) / view.width
    camera.clip_start, camera.clip_end = 1.0, 1000.0
    scene.camera = bpy.data.objects.new("camera", camera)
    scene.collection.objects.link(scene.camera)


def _corner_mask(quads: Ints) -> NDArray[np.bool_]:
    return np.column_stack([np.ones((len(quads), 3), dtype=bool), quads[:, 3] != quads[:, 2]])


def _polygons(quads: Ints) -> list[list[int]]:
    """Quads with equal last two corners become triangles."""
    return [quad if quad[3] != quad[2] else quad[:3] for quad in quads.tolist()]
