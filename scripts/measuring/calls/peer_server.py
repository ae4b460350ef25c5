"""Serves Eyeline's correction with another library's video processing API, chosen by name.

    aiortc            like its server example: a track whose recv() waits for a frame and processes it
    fastrtc           a Stream, send-receive, whose handler takes and returns a BGR image
    fastrtc-skip      the same with skip_frames, FastRTC's option for slow handlers
    streamlit-webrtc  its default track for processing in a thread; in an aiortc server, without the page

The work is that of the relay in sequential mode: faces, fields, warp, by the same code with the same settings; each
session has its own. Run by scripts/peers, in an environment that has the package. Prints its address.
"""

import argparse
import os
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from fractions import Fraction
from typing import Any, Final

from relay.config.reading import cap_threads
from relay.config.serve import Serve

cap_threads(1)  # before importing the libraries it affects, as the relay does

import av  # noqa: E402
import cv2  # noqa: E402
from aiohttp import web  # noqa: E402
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription  # noqa: E402
from aiortc.contrib.media import MediaRelay  # noqa: E402

from relay.gaze.corrector import Corrector  # noqa: E402
from relay.media.frame import DecodedFrame  # noqa: E402

HOST: Final = "127.0.0.1"


class Work:
    """The correction of one session: every frame with its own faces and fields."""

    def __init__(self) -> None:
        settings = Serve.read([], "peers")
        self._corrector = Corrector(settings, settings.correction)

    def __call__(self, decoded: av.VideoFrame) -> av.VideoFrame:
        """The corrected frame, with the timestamp of this one."""
        picture = DecodedFrame.of(decoded)
        faces = self._corrector.find_faces(picture.frame)
        fields = self._corrector.make_fields(picture.frame, faces)
        return picture.write(self._corrector.show(picture.frame, faces, fields).frame)

    def on_bgr(self, bgr: Any) -> Any:
        """The same for an image without a timestamp, (height, width, 3)."""
        frame = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = round(time.monotonic() * 90_000), Fraction(1, 90_000)
        return self(frame).to_ndarray(format="bgr24")

    def close(self) -> None:
        """Release the models; otherwise the process cannot exit."""
        self._corrector.close()


class WorkPool:
    """Work created before the first call, so that no call waits for a model to be loaded."""

    def __init__(self, count: int) -> None:
        self._all = [Work() for _ in range(count)]
        self._ready = list(self._all)

    def take(self) -> Work:
        """Work for a new session. Raises IndexError when all is taken."""
        return self._ready.pop()

    def close(self) -> None:
        """Release all work."""
        for work in self._all:
            work.close()


class WorkTrack(MediaStreamTrack):
    """Processes each frame on demand."""

    kind = "video"

    def __init__(self, source: MediaStreamTrack, work: Work) -> None:
        super().__init__()
        self._source, self._work = source, work

    async def recv(self) -> av.VideoFrame:
        """The source's next frame, corrected."""
        frame = await self._source.recv()
        if not isinstance(frame, av.VideoFrame):
            raise TypeError("not a video frame")
        return self._work(frame)


Wrap = Callable[[MediaStreamTrack, Work], MediaStreamTrack]


def serve_aiortc(pool: WorkPool, wrap: Wrap = WorkTrack) -> None:
    """An aiohttp server that answers offers, as in aiortc's server example. wrap: makes the track to send."""
    peers = set[RTCPeerConnection]()

    async def answer(request: web.Request) -> web.Response:
        offer, peer = await request.json(), RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peers.add(peer)
        peer.on("track", lambda track: peer.addTrack(wrap(track, pool.take())))
        await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
        await peer.setLocalDescription(await peer.createAnswer())
        return web.json_response({"sdp": peer.localDescription.sdp, "type": peer.localDescription.type})

    app = web.Application()
    app.router.add_post("/offer", answer)
    web.run_app(app, host=HOST, port=0)


def serve_streamlit(pool: WorkPool) -> None:
    """An aiohttp server with streamlit-webrtc's processing track."""
    from streamlit_webrtc import VideoProcessorBase  # type: ignore[import-not-found]  # noqa: PLC0415
    from streamlit_webrtc.process import AsyncVideoProcessTrack  # type: ignore[import-not-found]  # noqa: PLC0415

    class Processor(VideoProcessorBase):  # type: ignore[misc]
        def __init__(self, work: Work) -> None:
            self.recv = work

    relay = MediaRelay()

    def wrap(track: MediaStreamTrack, work: Work) -> MediaStreamTrack:
        made: MediaStreamTrack = AsyncVideoProcessTrack(relay.subscribe(track), Processor(work))
        return made

    serve_aiortc(pool, wrap)


def serve_fastrtc(pool: WorkPool, skip: bool = False) -> None:
    """A Stream behind FastAPI. skip: its skip_frames."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import fastrtc  # type: ignore[import-not-found]  # noqa: PLC0415
    import uvicorn  # type: ignore[import-not-found]  # noqa: PLC0415
    from fastapi import FastAPI  # type: ignore[import-not-found]  # noqa: PLC0415

    works: dict[str, Work] = {}

    def handle(bgr: Any) -> Any:
        name = fastrtc.get_current_context().webrtc_id
        if name not in works:
            works[name] = pool.take()
        return works[name].on_bgr(bgr)

    stream = fastrtc.Stream(
        fastrtc.VideoStreamHandler(handle, skip_frames=skip),
        mode="send-receive",
        modality="video",
        concurrency_limit=100,
        server_rtc_configuration={"iceServers": []},
        verbose=False,
    )
    app = FastAPI()

    async def answer(offer: dict[str, str]) -> Any:
        name = uuid.uuid4().hex
        found = await stream.handle_offer({**offer, "webrtc_id": name}, stream.set_additional_outputs(name))
        stream.set_input(name, None)  # replaced by the frame
        return found

    app.post("/offer")(answer)
    uvicorn.run(app, host=HOST, port=0)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    servers: dict[str, Callable[[WorkPool], None]] = {
        "aiortc": serve_aiortc,
        "fastrtc": serve_fastrtc,
        "fastrtc-skip": lambda pool: serve_fastrtc(pool, skip=True),
        "streamlit-webrtc": serve_streamlit,
    }
    parser.add_argument("peer", choices=servers)
    parser.add_argument("--sessions", type=int, default=1, help="number of sessions")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)  # as the relay does
    with closing(WorkPool(chosen.sessions)) as pool, suppress(KeyboardInterrupt):
        servers[chosen.peer](pool)


if __name__ == "__main__":
    main()
