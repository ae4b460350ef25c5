"""Blender's shader nodes for the materials."""

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from models.datasets.render.looks.materials import (
    PICTURE_SCALE,
    BallMaterial,
    ClearMaterial,
    FleshMaterial,
    Material,
    Plain,
    SkinMaterial,
)

# Blender's types are created at run time; these names are for documentation.
Tree = Any
Node = Any
Socket = Any


@dataclass(frozen=True)
class Mirror:
    """What smooth surfaces reflect: a panorama (panorama.py), rotated by degrees."""

    picture: NDArray[np.float32]
    turn: float


def build(material: Material, mirror: Mirror | None) -> bpy.types.Material:
    """A new material in Blender."""
    match material:
        case SkinMaterial():
            return _skin(material)
        case BallMaterial():
            return _ball(material)
        case FleshMaterial():
            return _flesh(material)
        case ClearMaterial():
            return _clear(material, mirror)
        case Plain():
            return _plain(material)


def environment(tree: Tree, picture: NDArray[np.float32], turn: float, direction: str) -> Socket:
    """A panorama's colour in a direction: "Generated" in a world, "Reflection" on a surface."""
    node = tree.nodes.new("ShaderNodeTexEnvironment")
    node.image = _new_image(picture[::-1], "Linear Rec.709", floating=True)
    mapping, where = tree.nodes.new("ShaderNodeMapping"), tree.nodes.new("ShaderNodeTexCoord")
    # Blender's horizon is its xy plane; here y is up.
    mapping.inputs["Rotation"].default_value = (np.radians(90), 0, np.radians(turn))
    tree.links.new(where.outputs[direction], mapping.inputs["Vector"])
    tree.links.new(mapping.outputs["Vector"], node.inputs["Vector"])
    return node.outputs["Color"]


def _new(name: str) -> tuple[bpy.types.Material, Tree, Node]:
    """A material with a Principled shader wired to its output."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material, material.node_tree, material.node_tree.nodes["Principled BSDF"]


def _value(tree: Tree, kind: str, **inputs: object) -> Node:
    node = tree.nodes.new(kind)
    for name, value in inputs.items():
        node.inputs[name].default_value = value
    return node


def _noise(tree: Tree, where: Node, scale: float, detail: float) -> Node:
    node = _value(tree, "ShaderNodeTexNoise", Scale=scale, Detail=detail, Roughness=0.6)
    tree.links.new(where.outputs["Vector"], node.inputs["Vector"])
    return node


def _attribute(tree: Tree, name: str) -> Node:
    node = tree.nodes.new("ShaderNodeAttribute")
    node.attribute_name = name
    return node


def _image(tree: Tree, pixels: NDArray[np.float32], space: str) -> Node:
    """A picture, (h, w, 3) 0..1 with the first row at v = 0."""
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = _new_image(pixels, space)
    return node


def _new_image(pixels: NDArray[np.float32], space: str, floating: bool = False) -> bpy.types.Image:
    height, width, _ = pixels.shape
    image = bpy.data.images.new("picture", width, height, float_buffer=floating)
    image.colorspace_settings.name = space
    image.pixels.foreach_set(np.dstack([pixels, np.ones((height, width), np.float32)]).astype(np.float32).ravel())
    image.update()
    return image


def _multiply(tree: Tree, first: Socket, second: Socket) -> Socket:
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type = "RGBA", "MULTIPLY"
    node.inputs[0].default_value = 1.0
    tree.links.new(first, node.inputs[6])
    tree.links.new(second, node.inputs[7])
    return node.outputs[2]


def _skin(skin: SkinMaterial) -> bpy.types.Material:
    material, tree, shader = _new("skin")
    rest = tree.nodes.new("ShaderNodeVectorMath")
    tree.links.new(_attribute(tree, "rest").outputs["Vector"], rest.inputs[0])
    rest.inputs[1].default_value = (skin.offset, skin.offset, 0)
    colour = _attribute(tree, "colour").outputs["Color"]
    if skin.picture is not None:
        colour = _multiply(tree, colour, _image(tree, skin.picture, "Non-Color").outputs["Color"])
        scale = tree.nodes.new("ShaderNodeRGB").outputs[0]
        scale.default_value = (PICTURE_SCALE,) * 3 + (1,)
        colour = _multiply(tree, colour, scale)
    for size, share in ((0.18, 0.9), (0.9, 0.7), (3.0, 0.55)):
        colour = _multiply(tree, colour, _mottle(tree, rest, size, skin.mottle * share))
    if skin.freckles:
        colour = _multiply(tree, colour, _freckles(tree, rest, skin.freckles))
    tree.links.new(colour, shader.inputs["Base Color"])
    shader.inputs["Specular IOR Level"].default_value = 0.25 + 0.25 * skin.shine
    shader.inputs["Roughness"].default_value = 0.62 - 0.22 * skin.shine
    tree.links.new(_pores(tree, rest, 0.1 * skin.bump), shader.inputs["Normal"])
    return material


def _mottle(tree: Tree, rest: Node, size: float, amount: float) -> Socket:
    """Uneven blood and pigment: reddish noise about 1."""
    ramp = _value(tree, "ShaderNodeMapRange")
    for name, value in (("From Min", 0.25), ("From Max", 0.75), ("To Min", 1 - amount), ("To Max", 1 + amount)):
        ramp.inputs[name].default_value = value
    tree.links.new(_noise(tree, rest, size, 3).outputs[0], ramp.inputs["Value"])
    soft = _value(tree, "ShaderNodeMath")
    soft.operation, soft.inputs[1].default_value = "POWER", 0.55
    tree.links.new(ramp.outputs[0], soft.inputs[0])
    tint = tree.nodes.new("ShaderNodeCombineColor")
    for channel, source in enumerate((soft, ramp, ramp)):
        tree.links.new(source.outputs[0], tint.inputs[channel])
    return tint.outputs[0]


def _freckles(tree: Tree, rest: Node, amount: float) -> Socket:
    """Brown dots of about a millimetre."""
    dots = _noise(tree, rest, 0.8, 1)
    ramp = _value(tree, "ShaderNodeMapRange")
    for name, value in (("From Min", 0.58), ("From Max", 0.8), ("To Min", 1.0), ("To Max", 1 - 0.5 * amount)):
        ramp.inputs[name].default_value = value
    tree.links.new(dots.outputs[0], ramp.inputs["Value"])
    tint = tree.nodes.new("ShaderNodeCombineColor")
    soft = _value(tree, "ShaderNodeMath")
    soft.operation, soft.inputs[1].default_value = "POWER", 0.5
    tree.links.new(ramp.outputs[0], soft.inputs[0])
    for channel, source in enumerate((soft, ramp, ramp)):
        tree.links.new(source.outputs[0], tint.inputs[channel])
    return tint.outputs[0]


def _pores(tree: Tree, rest: Node, depth: float) -> Socket:
    """The normal over pores and fine wrinkles, which are mostly horizontal around the eyes."""
    lines = tree.nodes.new("ShaderNodeVectorMath")
    lines.operation = "MULTIPLY"
    lines.inputs[1].default_value = (0.25, 1.3, 1.0)
    tree.links.new(rest.outputs["Vector"], lines.inputs[0])
    total = tree.nodes.new("ShaderNodeMath")
    tree.links.new(_noise(tree, rest, 2.6, 4).outputs[0], total.inputs[0])
    tree.links.new(_noise(tree, lines, 0.9, 3).outputs[0], total.inputs[1])
    bump = _value(tree, "ShaderNodeBump", Strength=1.0, Distance=depth)
    tree.links.new(total.outputs[0], bump.inputs["Height"])
    return bump.outputs["Normal"]


def _ball(ball: BallMaterial) -> bpy.types.Material:
    material, tree, shader = _new("ball")
    picture = _image(tree, ball.picture, "sRGB").outputs["Color"]
    colour = _multiply(tree, picture, _attribute(tree, "shade").outputs["Color"])
    tree.links.new(colour, shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = 0.5 - 0.7 * ball.shine
    shader.inputs["Specular IOR Level"].default_value = ball.shine
    return material


def _clear(clear: ClearMaterial, mirror: Mirror | None) -> bpy.types.Material:
    """Transparent, plus the mirrored panorama as emission: no rays, so no noise at few samples, and no shadow."""
    material, tree, shader = _new("clear")
    nodes, links = tree.nodes, tree.links
    glow, both = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeAddShader")
    weaker = _value(tree, "ShaderNodeMath")
    weaker.operation, weaker.inputs[1].default_value = "MULTIPLY", clear.strength if mirror else 0.0
    if mirror:
        links.new(environment(tree, mirror.picture, mirror.turn, "Reflection"), glow.inputs["Color"])
    links.new(_value(tree, "ShaderNodeFresnel", IOR=1.376).outputs[0], weaker.inputs[0])
    links.new(weaker.outputs[0], glow.inputs["Strength"])
    links.new(nodes.new("ShaderNodeBsdfTransparent").outputs[0], both.inputs[0])
    links.new(glow.outputs[0], both.inputs[1])
    links.new(both.outputs[0], nodes["Material Output"].inputs["Surface"])
    nodes.remove(shader)
    return material


def _flesh(flesh: FleshMaterial) -> bpy.types.Material:
    material, tree, shader = _new("flesh")
    base = tree.nodes.new("ShaderNodeRGB").outputs[0]
    base.default_value = (*flesh.colour, 1)
    tree.links.new(_multiply(tree, base, _attribute(tree, "shade").outputs["Color"]), shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = 0.28
    shader.inputs["Specular IOR Level"].default_value = 0.45
    return material


def _plain(plain: Plain) -> bpy.types.Material:
    material, _, shader = _new("plain")
    shader.inputs["Base Color"].default_value = (*plain.colour, 1)
    shader.inputs["Roughness"].default_value = plain.roughness
    shader.inputs["Specular IOR Level"].default_value = plain.specular
    return material
