"""The landmark model's file and the content it must have. Knows nothing of MediaPipe, nor of its source."""

import hashlib
import shlex
from pathlib import Path
from typing import Final

from relay.errors import ModelError

SHA256: Final = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"


def read_model(path: Path) -> bytes:
    """The model file's bytes, verified. Raises ModelError with a remedy."""
    remedy = f"relay fetch --model {shlex.quote(str(path))}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"the landmark model {path} cannot be read ({error.strerror}): `{remedy}` downloads it"
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ModelError(
            f"{path} is not the expected landmark model (its checksum differs): delete it; `{remedy}` downloads it"
        )
    return content
