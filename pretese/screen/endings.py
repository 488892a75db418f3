"""How a command ends: its exit codes, and the error of a check that failed."""

EXIT_BAD_INPUT = 2
EXIT_CHECK_FAILED = 3
#: A fault of the program, not of the input: EX_SOFTWARE of sysexits.h.
EXIT_INTERNAL = 70
#: The machine refuses (disk full, no memory): EX_IOERR of sysexits.h.
EXIT_MACHINE = 74
EXIT_INTERRUPTED = 130
#: Whoever reads our output has gone, as `head` does: 128 + SIGPIPE, as shells show it.
EXIT_READER_GONE = 141


class CheckFailedError(Exception):
    """A check that the command makes has failed; what failed has been said already."""
