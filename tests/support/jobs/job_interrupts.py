"""Loaded by a fork server that a test interrupts at its start: signals its process group."""

import os

MOMENT, NUMBER = (os.environ.get(f"JOB_INTERRUPT_{name}", "") for name in ("MOMENT", "NUMBER"))

if MOMENT == "fork server loads":
    os.killpg(0, int(NUMBER))
elif MOMENT == "worker begins":
    os.register_at_fork(after_in_child=lambda: os.killpg(0, int(NUMBER)))
