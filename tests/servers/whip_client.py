"""A WHIP client that is not ours: Debian's simple-whip-client, on GStreamer's WebRTC, with a clip as its camera."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Self

import pytest

from tests.deadlines import scaled

PACKAGES: Final = "simple-whip-client gstreamer1.0-tools gstreamer1.0-nice gstreamer1.0-plugins-good gcc libc6-dev"
ELEMENTS: Final = ("webrtcbin", "nicesrc", "multifilesrc", "jpegdec", "vp8enc", "rtpvp8pay", "opusenc", "dtlsenc")
NULL: Final = subprocess.DEVNULL
PATIENCE: Final = scaled(20)  # seconds until it has said goodbye

# In Debian 12 the client is built with libsoup 2, and libnice, which it loads by way of GStreamer, with a UPnP library
# that needs libsoup 3; the two refuse to live in one process. Nobody uses UPnP here: this stands in for that library.
UPNP: Final = "libgupnp-igd-1.0.so.4"
STAND_IN: Final = """
unsigned long gupnp_simple_igd_get_type(void) { return 80; } /* G_TYPE_OBJECT */
void *gupnp_simple_igd_thread_new(void) { return 0; }
void gupnp_simple_igd_add_port(void) {}
void gupnp_simple_igd_remove_port_local(void) {}
"""


class WhipClient:
    """Publishes this clip (MJPEG, 15 fps) and a ticking sound at the address, until it is told to stop.

    Candidates come by PATCH, after the offer.
    """

    def __init__(self, address: str, clip: Path, *, token: str | None = None) -> None:
        program = _find()
        self._folder = TemporaryDirectory(prefix="whip-client-")
        self._output = Path(self._folder.name) / "output"
        self._last = ""
        self._written = self._output.open("w")
        # Line by line, so that a test can read what it has said so far.
        command = ["stdbuf", "-oL", program, "-o", "-l", "5", "-u", address, "-V", _video(clip), "-A", SOUND]
        self.process = subprocess.Popen(
            [*command, *(["-t", token] if token else [])],
            env={**os.environ, "LD_LIBRARY_PATH": _build(Path(self._folder.name))},
            stdout=self._written,
            stderr=subprocess.STDOUT,
        )

    @property
    def output(self) -> str:
        """All it has printed so far."""
        return self._output.read_text(errors="replace") if self._output.exists() else self._last

    def stop(self) -> int:
        """Let it end its session, as Ctrl-C does, and wait. Returns its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self._end()

    def kill(self) -> None:
        """End it at once, without a word."""
        self.process.kill()
        self._end()

    def _end(self) -> int:
        code = self.process.wait(PATIENCE)
        self._written.close()
        self._last = self.output
        self._folder.cleanup()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()


SOUND: Final = (
    "audiotestsrc is-live=true wave=ticks ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=100 ssrc=1 ! "
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=100"
)


def _video(clip: Path) -> str:
    return (
        f"multifilesrc location={clip} loop=true caps=image/jpeg,framerate=15/1 ! jpegparse ! jpegdec ! videoconvert ! "
        "identity sync=true ! queue max-size-buffers=2 leaky=downstream ! "
        "vp8enc deadline=1 cpu-used=8 threads=1 target-bitrate=500000 ! rtpvp8pay pt=96 ssrc=2 ! "
        "application/x-rtp,media=video,encoding-name=VP8,payload=96"
    )


def _find() -> str:
    """The client's program. Fails the test where it, or what it needs, is not installed."""
    program, inspect = shutil.which("whip-client"), shutil.which("gst-inspect-1.0")
    lacking = [one for one in ("whip-client", "gst-inspect-1.0", "stdbuf", "cc") if shutil.which(one) is None]
    if inspect:
        lacking += [one for one in ELEMENTS if subprocess.run([inspect, one], stdout=NULL, check=False).returncode]
    if lacking or program is None:
        pytest.fail(f"no {', '.join(lacking)}: install Debian's {PACKAGES}", pytrace=False)
    return program


def _build(folder: Path) -> str:
    """The folder with the stand-in."""
    source = folder / "stand_in.c"
    source.write_text(STAND_IN)
    command = ["cc", "-shared", "-fPIC", f"-Wl,-soname,{UPNP}", "-o", str(folder / UPNP), str(source)]
    subprocess.run(command, check=True)
    return str(folder)
