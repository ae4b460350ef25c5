import threading

from relay.media.stages import Executors, processors
from tests.fakes import started_executors


def test_a_busy_line_does_not_keep_another_waiting() -> None:
    gate = threading.Event()
    with started_executors() as executors:
        blocked = [executors.landmarks.submit(gate.wait, 10) for _ in range(2 * processors())]
        assert executors.field.submit(lambda: "field").result(5) == "field"
        assert executors.display.submit(lambda: "display").result(5) == "display"
        assert not all(one.done() for one in blocked)
        gate.set()


def test_dismissed_hands_leave_no_thread() -> None:
    before = threading.active_count()
    executors = Executors.start()
    for line in (executors.landmarks, executors.field, executors.display):
        line.submit(lambda: None).result(5)
    assert threading.active_count() > before
    executors.shutdown()
    assert threading.active_count() == before


def test_there_is_at_least_one_processor() -> None:
    assert processors() >= 1
