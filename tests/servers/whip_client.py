"""A third-party WHIP client: Debian's simple-whip-client, on GStreamer's WebRTC, with a clip as its camera."""

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
EXIT_TIMEOUT: Final = scaled(20)  # seconds until it has ended its session

# In Debian 12 the client is built with libsoup 2, and libnice, which it loads through GStreamer, with a UPnP library
# that needs libsoup 3; one process cannot load both. UPnP is unused here, so this stub replaces that library.
UPNP: Final = "libgupnp-igd-1.0.so.4"
STUB: Final = """
unsigned long gupnp_simple_igd_get_type(void) { return 80; } /* G_TYPE_OBJECT */
void *gupnp_simple_igd_thread_new(void) { return 0; }
void gupnp_simple_igd_add_port(void) {}
void gupnp_simple_igd_remove_port_local(void) {}
"""


class WhipClient:
    """Publishes this clip (MJPEG, 15 fps) and ticking audio to the address, until stop().

    Candidates follow the offer by PATCH.
    """

    def __init__(self, address: str, clip: Path, *, token: str | None = None) -> None:
        program = _find()
        self._folder = TemporaryDirectory(prefix="whip-client-")
        self._output = Path(self._folder.name) / "output"
        self._last = ""
        self._written = self._output.open("w")
        # Line-buffered, so that a test can read the output so far.
        command = ["stdbuf", "-oL", program, "-o", "-l", "5", "-u", address, "-V", _video(clip), "-A", AUDIO]
        self.process = subprocess.Popen(
            [*command, *(["-t", token] if token else [])],
            env={**os.environ, "LD_LIBRARY_PATH": _build(Path(self._folder.name))},
            stdout=self._written,
            stderr=subprocess.STDOUT,
        )

    @property
    def output(self) -> str:
        """Its output so far."""
        return self._output.read_text(errors="replace") if self._output.exists() else self._last

    def stop(self) -> int:
        """End its session by SIGINT and wait. Returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self._end()

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self._end()

    def _end(self) -> int:
        code = self.process.wait(EXIT_TIMEOUT)
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


AUDIO: Final = (
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
    """The client's program. Fails the test if it or a dependency is not installed."""
    program, inspect = shutil.which("whip-client"), shutil.which("gst-inspect-1.0")
    lacking = [one for one in ("whip-client", "gst-inspect-1.0", "stdbuf", "cc") if shutil.which(one) is None]
    if inspect:
        lacking += [one for one in ELEMENTS if subprocess.run([inspect, one], stdout=NULL, check=False).returncode]
    if lacking or program is None:
        pytest.fail(f"no {', '.join(lacking)}: install Debian's {PACKAGES}", pytrace=False)
    return program


def _build(folder: Path) -> str:
    """Build the stub; gives its folder."""
    source = folder / "stub.c"
    source.write_text(STUB)
    command = ["cc", "-shared", "-fPIC", f"-Wl,-soname,{UPNP}", "-o", str(folder / UPNP), str(source)]
    subprocess.run(command, check=True)
    return str(folder)
