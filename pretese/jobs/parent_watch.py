"""A worker ends when the process that started it is gone, however that was killed."""

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """Watch the parent in a thread, and end this process at once when the parent has ended.

    The parent holds one end of a pipe and the worker the other. The system closes the parent's end
    whichever way it dies, so that nothing needs to be asked for now and then.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
