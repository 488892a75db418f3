"""Exit codes of commands, and the error of a failed check."""

EXIT_BAD_INPUT = 2
EXIT_CHECK_FAILED = 3
#: A fault of the program, not of the input: EX_SOFTWARE of sysexits.h.
EXIT_INTERNAL = 70
#: The system cannot write or has no memory: EX_IOERR of sysexits.h.
EXIT_MACHINE = 74
EXIT_INTERRUPTED = 130
#: The reader of our output has closed the pipe, as `head` does: 128 + SIGPIPE, as in shells.
EXIT_READER_GONE = 141


class CheckFailedError(Exception):
    """A check of the command has failed; the reason has been printed already."""
