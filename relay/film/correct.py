"""`relay correct`: corrects the eyes in a video file. Knows both gaze and media.

Not driven by a clock: frames are processed one after the other, so the same file always gives the same result.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from time import perf_counter
from types import FrameType
from typing import Final, NoReturn

import av
from tqdm import tqdm

from relay.config.correct import Correct
from relay.errors import ConfigError, MediaError
from relay.film.files.draft import Draft
from relay.film.files.kind import kind_of
from relay.film.files.pair import pair, paired_size
from relay.film.files.source import Source
from relay.film.files.span import Span
from relay.film.files.target import Target
from relay.film.schedule import ScheduledCorrection, schedule_of
from relay.film.summary import Summary, SummaryCounter
from relay.frame import Verdict
from relay.gaze.corrector import Corrector
from relay.media.frame import DecodedFrame
from relay.media.trace import Note, TraceFile

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(KeyboardInterrupt):
    """The command was stopped by a signal. signal: its number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = number


def run(settings: Correct) -> int:
    """Correct a file and print a summary. Returns the exit status.

    Raises ConfigError or MediaError, with nothing written, where that is not possible.
    """
    try:
        with _stop_on_signal():
            summary = correct(settings)
    except StoppedError as stopped:
        sys.stderr.write(f"relay correct: stopped; {settings.target} has not been written\n")
        return 128 + stopped.signal  # as the shell reports a program ended by a signal
    for note in summary.notes:
        sys.stderr.write(f"relay correct: {note}\n")
    sys.stdout.write(f"{summary}\n")
    if settings.json_summary:
        sys.stdout.write(summary.model_dump_json() + "\n")
    return 0


def correct(settings: Correct) -> Summary:
    """Write the target, which appears once it is complete. Raises ConfigError, ModelError or MediaError."""
    start = perf_counter()
    span = _span(settings)
    kind_of(settings.target)
    counter = SummaryCounter()
    with (
        Source(settings.source, span) as source,
        _draft(settings) as draft,
        closing(Corrector(settings, settings.correction)) as corrector,
        _traced(settings) as note,
    ):
        form, recording = source.format, source.recording
        if settings.side_by_side:
            form = replace(form, size=paired_size(form.size, form.orientation.right))
        with Target(draft, form, (*recording.audio, *recording.subtitles), recording.metadata) as target:
            _convert(source, target, ScheduledCorrection(corrector, schedule_of(settings), counter, note), settings)
            _expect_success(settings, counter)
        elapsed = perf_counter() - start
        return Summary(
            source=settings.source,
            target=settings.target,
            lines=str(schedule_of(settings)),
            width=form.size[0],
            height=form.size[1],
            duration_s=round(float(target.duration), 3),
            took_s=round(elapsed, 2),
            fps=round(counter.frames / elapsed, 1),
            frames=counter.frames,
            faces_found=counter.faces.total() - counter.faces[0],
            most_faces=max(counter.faces, default=0),
            corrected=counter.verdicts[Verdict.CORRECTED],
            passed=counter.passed,
            stages_ms=counter.stages_ms,
            damaged=recording.damaged,
            notes=[*source.notes, *target.notes],
        )


def _convert(source: Source, target: Target, scheduled: ScheduledCorrection, settings: Correct) -> None:
    """Process every frame and packet of source into target, with a progress bar if stderr is a terminal."""
    orientation = source.format.orientation
    with tqdm(total=source.expected_frames, unit=" frames", disable=None) as bar:
        for item in source.read():
            if not isinstance(item, av.VideoFrame):
                target.copy(item)
                continue
            decoded = DecodedFrame.of(item, orientation.rotation)
            shown = scheduled.show(decoded.frame)
            if settings.side_by_side:
                written = decoded.write(pair(decoded.frame, shown.frame, orientation.right))
                written.duration = item.duration
            else:
                written = decoded.overwrite(shown.frame)
            target.write(written)
            bar.update()


@contextmanager
def _traced(settings: Correct) -> Iterator[Callable[[Note], None]]:
    """The callback that records each stage's work; does nothing without --trace."""
    if settings.trace is None:
        yield lambda _: None
        return
    with TraceFile(settings.trace) as trace:
        yield trace.session("file")


def _span(settings: Correct) -> Span:
    if settings.end is not None and settings.end <= settings.start:
        raise ConfigError(f"end: {settings.end} is not right: it must be later than start, {settings.start} s")
    return Span.of(settings.start, settings.end)


def _draft(settings: Correct) -> Draft:
    if settings.target.exists() and settings.target.samefile(settings.source):
        raise MediaError(f"{settings.target} is the source itself: choose another name")
    return Draft(settings.target)


def _expect_success(settings: Correct, counter: SummaryCounter) -> None:
    """Raise MediaError where no frame was corrected because of errors, or there was no frame."""
    failed, warming_up = counter.verdicts[Verdict.FAILED], counter.verdicts[Verdict.WARMING_UP]
    if not counter.frames:
        raise MediaError(f"{settings.source} has no frame between --start and --end: it is shorter than that")
    if failed and failed + warming_up == counter.frames:
        raise MediaError(f"no frame of {settings.source} could be corrected; see the log")


@contextmanager
def _stop_on_signal() -> Iterator[None]:
    """Raise StoppedError at the first termination signal, and ignore further ones while the command stops."""
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    handled = [number for number in SIGNALS if previous[number] is not signal.SIG_IGN]  # nohup ignores some

    def stop(number: int, _: FrameType | None) -> NoReturn:
        for each in handled:
            signal.signal(each, signal.SIG_IGN)
        raise StoppedError(number)

    try:
        for number in handled:
            signal.signal(number, stop)
        yield
    finally:
        for number in handled:
            signal.signal(number, previous[number])
