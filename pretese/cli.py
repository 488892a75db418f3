"""The command line: finds a command, and turns bad input into one clear message and exit code 2."""

import importlib
import sys

import click

from pretese import __version__
from pretese.jobs.signals import exit_code, ignore_stop_signals, orderly_stop
from pretese.jobs.threads import limit_threads
from protocol.errors import InputError

#: Command name to the module that holds it; loaded on use, so that `--help` stays instant.
COMMANDS = {
    "reproduce": "the published study beside its simulated twin",
    "recover": "does each analysis find the true effect? every method, every scenario",
    "simulate": "draw cohorts of synthetic men whose truth is known",
    "clinic": "the same men through a clinic with calendar, queues and an event log",
    "analyse": "estimate the effect in any table of men, by a plan",
    "truth": "true effects of a scenario, for each estimand and scale",
    "picture": "one man's hormones, a cohort's, quartiles, what shared luck saves",
    "calibrate": "solve a scenario's calibrated parameters, or check its certificate",
    "power": "how often a planned trial finds its effect, and how many men it needs",
    "report": "a power study as one page for a protocol",
    "monitor": "the looks of a running trial against its plan, and its analysis at the end",
    "boundaries": "bounds and sizes of a group-sequential trial",
    "decide": "what the protocol says of one man, and why",
    "regimen": "list, show, prove and test protocol files",
    "schedule": "dated injections, visits and decisions, as a table and a calendar",
    "audit": "what was done against what was due",
}

EXIT_BAD_INPUT = 2
EXIT_CHECK_FAILED = 3
EXIT_INTERRUPTED = 130


class CheckFailedError(Exception):
    """A check that the command makes has failed; what failed has been said already."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

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


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pretese")
def app() -> None:
    """Hormone protocol before micro-TESE: decide, simulate, estimate.

    Research software on synthetic data; not a medical device.
    """


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0 done, 2 bad input, 3 check failed, or 128 + signal.

    Ctrl-C is signal 2, SIGTERM 15: both end a command in the same orderly way.

    Parameters
    ----------
    arguments
        Words after ``pretese``; None takes them from the process.
    """
    with orderly_stop():
        return _run(arguments)


def _run(arguments: list[str] | None) -> int:
    try:
        app.main(args=arguments, prog_name="pretese", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_BAD_INPUT
    except InputError as error:
        for fault in error.faults:
            click.echo(f"error: {fault}", err=True)
        return EXIT_BAD_INPUT
    except CheckFailedError as error:
        click.echo(f"check failed: {error}", err=True)
        return EXIT_CHECK_FAILED
    except (click.Abort, KeyboardInterrupt) as stop:
        click.echo("interrupted", err=True)
        return exit_code(stop)
    return 0


def main() -> None:
    """Enter from the shell; libraries of linear algebra load later, and with one thread."""
    limit_threads()
    code = run()
    ignore_stop_signals()  # all is done and written: what comes now would only look like a fault
    sys.exit(code)
