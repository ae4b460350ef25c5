"""One step of Catmull-Clark subdivision as a matrix, so that every shape of a head is refined by one product.

Knows nothing of heads: polygons in, a matrix and quads out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Refined:
    """A finer mesh. matrix: (fine, coarse). quads: (q, 4) fine vertices. uv: (q, 4, 2).

    The first rows of the matrix are the unchanged coarse vertices; edges: (e, 2) coarse vertices of each edge and
    first_edge + i the fine vertex on it; first_corner + v the fine vertex that stands for coarse vertex v.
    """

    matrix: sparse.csr_matrix
    quads: Ints
    uv: Floats
    edges: Ints
    first_corner: int
    first_edge: int

    def loop(self, coarse: Ints) -> Ints:
        """A closed loop of coarse vertices as the closed loop of twice as many fine vertices."""
        at = {frozenset(pair): self.first_edge + i for i, pair in enumerate(self.edges.tolist())}
        ends = zip(coarse.tolist(), np.roll(coarse, -1).tolist(), strict=True)
        return np.array([v for a, b in ends for v in (self.first_corner + a, at[frozenset((a, b))])], dtype=np.int32)


def refine(polygons: Ints, uv: Floats, count: int) -> Refined:
    """Split each polygon, (f, 4) with -1 in the last place of a triangle, into quads. uv: (f, 4, 2)."""
    face, vertex, following = _sides(polygons)
    pairs = np.sort(np.column_stack([vertex, following]), axis=1)
    edges, edge = np.unique(pairs, axis=0, return_inverse=True)
    edge = edge.ravel()
    faces = _mean(face, vertex, (len(polygons), count))
    middles = _mean(np.repeat(np.arange(len(edges)), 2), edges.ravel(), (len(edges), count))
    border = np.bincount(edge, minlength=len(edges)) == 1
    beside = _mean(edge, face, (len(edges), len(polygons))) @ faces
    inner = sparse.diags(np.where(border, 0.0, 0.5))
    points = sparse.diags(np.where(border, 1.0, 0.5)) @ middles + inner @ beside
    corners = _corners(_Topology(edges, border, middles, faces, face, vertex), count)
    matrix = sparse.vstack([sparse.eye(count), corners, points, faces]).tocsr().astype(np.float32)
    before = edge[_previous(face)]
    quads = np.column_stack([count + vertex, 2 * count + edge, 2 * count + len(edges) + face, 2 * count + before])
    return Refined(matrix, quads.astype(np.int32), _split_uv(polygons, uv), edges.astype(np.int32), count, 2 * count)


@dataclass(frozen=True)
class _Topology:
    edges: NDArray[np.int64]
    border: NDArray[np.bool_]
    middles: sparse.csr_matrix
    faces: sparse.csr_matrix
    face: NDArray[np.int64]
    vertex: NDArray[np.int64]


def _corners(mesh: _Topology, count: int) -> sparse.csr_matrix:
    """New positions of the coarse vertices: (Q + 2R + (n - 3) P) / n inside, (1, 6, 1) / 8 along a border."""
    ends = mesh.edges.ravel()
    owners = np.repeat(np.arange(len(mesh.edges)), 2)
    valence = np.maximum(np.bincount(ends, minlength=count), 1)
    around = _mean(mesh.vertex, mesh.face, (count, mesh.faces.shape[0])) @ mesh.faces
    halves = _mean(ends, owners, (count, len(mesh.edges))) @ mesh.middles
    keep = sparse.diags((valence - 3) / valence)
    inside = sparse.diags(1 / valence) @ around + sparse.diags(2 / valence) @ halves + keep
    rim = np.repeat(mesh.border, 2)
    along = _mean(ends[rim], owners[rim], (count, len(mesh.edges))) @ mesh.middles
    on_rim = np.isin(np.arange(count), ends[rim])
    outside = 0.5 * along + 0.5 * sparse.eye(count)
    return (sparse.diags((~on_rim).astype(float)) @ inside + sparse.diags(on_rim.astype(float)) @ outside).tocsr()


def _sides(polygons: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Face, vertex and next vertex of every side, face by face."""
    there = polygons >= 0
    face = np.repeat(np.arange(len(polygons)), there.sum(1))
    following = np.roll(polygons, -1, axis=1)
    following = np.where(following < 0, polygons[:, :1], following)
    return face, polygons[there].astype(np.int64), following[there].astype(np.int64)


def _previous(face: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every side the previous one in the same face."""
    start = np.searchsorted(face, face)
    size = np.bincount(face)[face]
    at = np.arange(len(face)) - start
    return np.asarray(start + (at - 1) % size)


def _mean(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_matrix:
    """The matrix that averages, in each row, its columns."""
    share = 1 / np.maximum(np.bincount(rows, minlength=shape[0]), 1)
    return sparse.csr_matrix((share[rows], (rows, columns)), shape=shape)


def _split_uv(polygons: Ints, uv: Floats) -> Floats:
    """(q, 4, 2): each corner's quad, by halving the sides."""
    there = polygons >= 0
    face, _, _ = _sides(polygons)
    own = uv[there]
    behind = _previous(face)
    ahead = np.empty_like(behind)
    ahead[behind] = np.arange(len(behind))
    size = np.bincount(face)
    middle = np.stack([np.bincount(face, own[:, axis]) / size for axis in range(2)], axis=1)[face]
    corners: list[NDArray[np.floating]] = [own, (own + own[ahead]) / 2, middle, (own + own[behind]) / 2]
    return np.stack(corners, axis=1).astype(np.float32)
