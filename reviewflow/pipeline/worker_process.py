"""Be a worker process: perform the steps that come through a socket.

The run closes the socket, or is gone: the step in hand is stopped, and the process ends.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Event, Thread

from reviewflow.pipeline.messages import perform_message, worker_context

PROGRESS = b"progress "  # a frame that starts so is progress, any other a reply
GRACE_SECONDS = 5.0  # for a stopped step to end


def main() -> None:
    """Perform the steps that come through a file descriptor."""
    for number in (signal.SIGINT, signal.SIGHUP):  # of the terminal: the run decides
        signal.signal(number, signal.SIG_IGN)
    connection = Connection(int(sys.argv[1]))
    messages: SimpleQueue[bytes | None] = SimpleQueue()
    stop = Event()
    Thread(target=_receive, args=(connection, messages, stop), daemon=True).start()

    def send(text: str, figures: dict[str, float]) -> None:
        connection.send_bytes(PROGRESS + pickle.dumps((text, figures)))

    context = worker_context(send, stop)
    name = f"The worker process {os.getpid()}"
    while (message := messages.get()) is not None:
        reply = perform_message(message, context, name)
        try:
            connection.send_bytes(reply)
        except OSError:  # the run is gone
            break
    sys.stderr.flush()
    os._exit(0)  # nothing to write, and libraries take seconds to end in order


def _receive(connection: Connection, messages: SimpleQueue[bytes | None], stop: Event) -> None:
    """Take messages until the other end is closed, then end this process."""
    try:
        while True:
            messages.put(connection.recv_bytes())
    except (EOFError, OSError):
        stop.set()
        messages.put(None)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
