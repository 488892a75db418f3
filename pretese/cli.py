"""The command line: runs a command, and reports invalid input in a message with exit code 2."""

import errno
import gc
import importlib
import io
import os
import sys
import traceback
from contextlib import suppress
from typing import Any

import click

from pretese.jobs.signals import exit_code, ignore_stop_signals, orderly_stop
from pretese.jobs.threads import limit_threads
from pretese.screen.endings import (
    EXIT_BAD_INPUT,
    EXIT_CHECK_FAILED,
    EXIT_INTERNAL,
    EXIT_MACHINE,
    EXIT_READER_GONE,
    CheckFailedError,
)
from pretese.screen.extras import EXTRA_OF, missing_library
from pretese.screen.terminal import any_terminal, echo
from protocol.errors import Fault, InputError
from protocol.safe_text import one_line
from protocol.shorten import shorten_text

#: Commands with their descriptions; modules are loaded on use, so that `--help` is fast.
COMMANDS = {
    "reproduce": "the published study and its simulation, number by number",
    "recover": "check whether analyses recover a known effect: bias and coverage",
    "simulate": "simulate cohorts of patients with known true effects",
    "fit": "fit a scenario to your own table of patients, and compare both",
    "clinic": "simulate a clinic with calendar, queues and an event log",
    "analyse": "estimate the effect of treatment in a table, by an analysis plan",
    "truth": "true effects of a scenario, for each estimand and scale",
    "picture": "figures of hormones, quartiles and common random numbers",
    "calibrate": "calibrate a scenario, or check its calibration record",
    "power": "power, type I error and sample size of a planned trial",
    "design": "list designs; show one as a synopsis or a study definition",
    "report": "the report of a power study as one HTML page",
    "monitor": "interim and final analyses of an ongoing trial",
    "boundaries": "boundaries and sample size of a group-sequential trial",
    "evidence": "published studies as data: listed, or pooled in a meta-analysis",
    "validate": "compare this installation with reference values of other programs",
    "decide": "the recommendation for one patient, with its rationale",
    "regimen": "list, show, verify and test regimen files",
    "schedule": "dated injections, visits and decisions, as a table and a calendar",
    "audit": "protocol deviations in a clinic's log",
    "serve": "pages for the bedside, and a CDS Hooks service, in a browser",
    "schema": "JSON Schema of every file and printed document",
}

#: Maximum number of faults listed; the rest are counted.
MOST_FAULTS = 50


#: Objects allocated before the first garbage collection, so that imports are not scanned.
COLLECT_AFTER = (20_000, 20, 20)


class _ReaderGoneError(Exception):
    """Standard output was closed by its reader; a type that click does not handle."""


class LazyGroup(click.Group):
    """A group whose commands are imported on use."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would end the process if a pipe is closed."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of a user's journey."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``pretese.commands.<name>`` and return its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pretese.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version and stop; `--verbose` is eager and therefore known here."""
    if not wanted:
        return
    from pretese.io.output.version_text import version_text

    echo(version_text(verbose=ctx.params["verbose"]))
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, callback=_show_version,
              help="Show the version and exit.")  # fmt: skip
@click.option("--verbose", is_flag=True, is_eager=True,
              help="With --version: also Python, the libraries and the platform.")  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def app(debug: bool, verbose: bool) -> None:
    """Gonadotropin protocol before micro-TESE: decide, simulate, estimate.

    Research software on synthetic data; not a medical device.
    """
    if verbose:
        raise click.UsageError("--verbose belongs to --version; give both, or neither")


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done; 2 bad input; 3 a check failed; 70 internal error; 74 a limit of the machine (disk full,
    no memory); 128 plus the number of a signal (Ctrl-C 130, SIGTERM 143: both end a command in an
    orderly way); 141 the reader of the output has closed the pipe.

    Parameters
    ----------
    arguments
        Words after ``pretese``; None takes them from the process.
    """
    words = sys.argv[1:] if arguments is None else arguments
    with any_terminal(), orderly_stop():
        try:
            code = _answer(words)
            _flush()
        except BrokenPipeError:
            return EXIT_READER_GONE
        except OSError as error:  # from a flush: printed output may be lost
            return _machine_refuses(error)
        return code


def _answer(words: list[str]) -> int:
    """Run a command line; every outcome maps to one of the exit codes."""
    try:
        _refuse_zero_bytes(words)
        app.main(args=words, prog_name="pretese", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except _ReaderGoneError as gone:
        raise BrokenPipeError from gone
    except click.ClickException as error:
        _show_usage_error(error)
        return EXIT_BAD_INPUT
    except InputError as error:
        _show_faults(error)
        return EXIT_BAD_INPUT
    except CheckFailedError as error:
        echo(f"check failed: {error}", err=True)
        return EXIT_CHECK_FAILED
    except (click.Abort, KeyboardInterrupt) as stop:
        echo("interrupted", err=True)
        return exit_code(stop)
    except ModuleNotFoundError as error:
        if error.name not in EXTRA_OF:
            return _internal_error(error, "--debug" in words)
        _show_faults(missing_library(error.name))
        return EXIT_BAD_INPUT
    except MemoryError:
        echo("error: there is not enough memory; ask for less, or use a larger machine", err=True)
        return EXIT_MACHINE
    except Exception as error:  # noqa: BLE001 internal errors are reported in one line as well
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            return _machine_refuses(error)
        if isinstance(error, OSError) and error.errno in _OF_A_NAME:
            echo(f"error: {_fault_of_a_name(error)}", err=True)
            return EXIT_BAD_INPUT
        return _internal_error(error, "--debug" in words)
    return 0


def _refuse_zero_bytes(words: list[str]) -> None:
    """Refuse zero bytes, which shells do not pass but programs that call `run` may."""
    for word in words:
        if "\0" in word:
            raise InputError.of("pretese", "", f"{word!r} holds a zero byte", "leave it out")


#: Errors caused only by the name of a given file.
_OF_A_NAME = frozenset({errno.ENAMETOOLONG, errno.ELOOP})


def _fault_of_a_name(error: OSError) -> Fault:
    problem = f"no file can have this name ({error.strerror})"
    return Fault(shorten_text(str(error.filename), 60), "", problem, "give a shorter one")


#: Errors of the machine: a full disk or quota, a defective device, too many open files.
_OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EFBIG}
)


def _machine_refuses(error: OSError) -> int:
    place = f"{error.filename}: " if error.filename else ""
    message = f"error: {place}{error.strerror or error}; make room, or ask for less"
    with suppress(OSError):  # standard error may be redirected to the same full disk
        echo(one_line(message), err=True)
    return EXIT_MACHINE


def _internal_error(error: Exception, debug: bool) -> int:
    """Report an internal error in one line; with --debug, also its traceback."""
    if debug:
        echo("".join(traceback.format_exception(error)), err=True)
    message = one_line(shorten_text(f"{type(error).__name__}: {error}", 300))
    cure = "please report it" if debug else "please report it with what `pretese --debug ...` shows"
    echo(f"internal error: {message}; {cure}", err=True)
    return EXIT_INTERNAL


def _show_faults(error: InputError) -> None:
    for fault in error.faults[:MOST_FAULTS]:
        echo(f"error: {fault}", err=True)
    more = len(error.faults) - MOST_FAULTS
    if more > 0:
        echo(f"error: {more} more faults; correct those above first", err=True)


def _show_usage_error(error: click.ClickException) -> None:
    """Show click's own message; it repeats what was typed, which may hold control characters."""
    shown = io.StringIO()
    error.show(file=shown)
    echo(shorten_text(shown.getvalue().rstrip("\n"), 4000), err=True)


def _flush() -> None:
    """Flush the output, so that a closed pipe is detected here and not at exit."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def main() -> None:
    """Entry point of the shell command; linear algebra libraries load later, with one thread."""
    limit_threads()
    gc.set_threshold(*COLLECT_AFTER)
    code = run()
    ignore_stop_signals()  # all output is written: later errors would be misleading
    try:
        _flush()
    except OSError:
        # Python flushes once more at exit and would report the error again.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                os.dup2(nowhere, stream.fileno())
    sys.exit(code)
