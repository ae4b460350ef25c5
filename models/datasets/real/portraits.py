"""Unpaired eyes from photographs.

    python -m models.datasets.real.portraits --out DIR [--name NAME] [--ships] [--licence TEXT] FILE...

One album (see album.py) of all files together; each face has its own number in it. `--public-domain` takes the portrait
inside scikit-image: Eileen Collins (NASA), a work of the United States' government. The White House's photographs,
which `scripts/building/portraits.py` fetches for the tests, must not be manipulated by their terms: they are not used
for training.
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from tqdm import tqdm

from models.datasets.real import album
from models.datasets.real.album import Album, Kind, Meta, Sighting, table
from models.datasets.real.observations import MODEL, UNREADABLE, looks_of_photograph, read_photograph

ASTRONAUT = Path(str(files("skimage"))) / "data" / "astronaut.png"
PUBLIC_DOMAIN = "public domain: a work of the United States' government"


def gather(photographs: Iterable[Path], meta: Meta, model: Path = MODEL) -> Album:
    """The album of all eyes in these photographs. Raises one of UNREADABLE."""
    sightings: list[Sighting] = []
    for path in photographs:
        for look in looks_of_photograph(read_photograph(path), model):
            number = len(sightings) // 2
            sightings += [replace(sighting, number=number, time=0.0) for sighting in look.eyes]
    return Album.of(meta, sightings)


def main(arguments: list[str]) -> str | None:
    """Write the album. Returns an error message where a photograph cannot be read."""
    chosen = _parse(arguments)
    path = chosen.out / f"{chosen.name}.npz"
    licence = chosen.licence or (PUBLIC_DOMAIN if chosen.public_domain else "not stated")
    meta = Meta(chosen.name, chosen.name, Kind.PORTRAIT, chosen.ships or chosen.public_domain, licence)
    try:
        photographs = [*([ASTRONAUT] if chosen.public_domain else []), *chosen.photographs]
        made = gather(tqdm(photographs, unit="photograph"), meta, chosen.model)
    except UNREADABLE as error:
        return str(error)
    album.write(path, made)
    tqdm.write(table([(path, made)]))
    return None


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="models.datasets.real.portraits", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("photographs", type=Path, nargs="*", metavar="FILE")
    parser.add_argument("--public-domain", action="store_true", help="take the portrait inside scikit-image")
    parser.add_argument("--out", type=Path, required=True, help="folder for the album")
    parser.add_argument("--name", default="portraits", help="of the album")
    parser.add_argument("--ships", action="store_true", help="weights trained with these may be published")
    parser.add_argument("--licence", default="", help="what allows their use, as text")
    parser.add_argument("--model", type=Path, default=MODEL, help="face_landmarker.task")
    chosen = parser.parse_args(arguments)
    if not chosen.photographs and not chosen.public_domain:
        parser.error("no photographs: name FILEs, or --public-domain")
    if chosen.photographs and chosen.public_domain:
        parser.error("FILEs have their own licence: put them into another album")
    return chosen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
