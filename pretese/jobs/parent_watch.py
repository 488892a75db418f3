"""A worker ends when its parent process has ended, for any reason."""

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """Watch the parent in a thread, and end this process at once when the parent has ended.

    The parent holds one end of a pipe and the worker the other. The operating system closes the
    parent's end in any case, so that no polling is needed.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
