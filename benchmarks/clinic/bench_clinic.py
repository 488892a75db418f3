"""Patients per second of the clinic with its full log, against Ciw and a minimal SimPy script.

Two measurements: the speed of the full clinic (three months of decisions, tables, a row for every
injection), and the overhead of its engine on the same small pathway: Poisson referrals, an
exponential test on one of a few analysers, an operation in the next free slot of the theatre,
nothing else.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import ciw
import numpy as np
import simpy

from pretese.clinic.clinic_files import load_clinic
from simulate.clinic.flow.run_clinic import run_clinic
from simulate.clinic.records.clinic_tables import clinic_tables
from simulate.clinic.records.event_log import event_log
from simulate.clinic.setup.clinic_file import Clinic
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import with_values

PATIENTS = 4000
#: Patients of the runs whose memory is measured. One centre has the same rate whatever their
#: number; in the unlimited clinic all come within the scenario's four years, ever more of them at
#: a time.
SIZES = (10_000, 100_000, 300_000)
#: Of the small pathway: patients a day, analysers, mean days of a test.
RATE, ANALYSERS, TEST_DAYS = 40.0, 3, 0.06


def small_clinic() -> Clinic:
    def number(value: float, unit: str) -> dict[str, object]:
        return {"value": value, "unit": unit, "status": "derived", "source": "benchmark"}

    test = {"mean": number(TEST_DAYS, "d"), "form": "exponential"}
    return Clinic.model_validate(
        {
            "id": "small", "title": "small", "opens": "2026-01-05", "horizon_days": 100_000,
            "referrals": {"patients_per_week": number(7 * RATE, "1/wk")},
            "laboratory": {"hormones": {"analysers": ANALYSERS, "work": test}},
        }
    )  # fmt: skip


def minimal_simpy() -> None:
    """Run the small pathway as a SimPy tutorial would, with a list as its log."""
    streams = np.random.default_rng(1)
    env = simpy.Environment()
    bench = simpy.Resource(env, ANALYSERS)
    log: list[tuple[int, str, float]] = []

    def patient(number: int):
        log.append((number, "referral", env.now))
        with bench.request() as turn:
            yield turn
            log.append((number, "test", env.now))
            yield env.timeout(streams.exponential(TEST_DAYS))
        log.append((number, "operation", env.now))

    def refer():
        for number in range(PATIENTS):
            yield env.timeout(streams.exponential(1 / RATE))
            env.process(patient(number))

    env.process(refer())
    env.run()


def with_ciw() -> None:
    """Run the same in Ciw, which keeps a record of every service."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(RATE), None],
        service_distributions=[ciw.dists.Exponential(1 / TEST_DAYS), ciw.dists.Deterministic(0)],
        number_of_servers=[ANALYSERS, float("inf")],
        routing=[[0.0, 1.0], [0.0, 0.0]],
    )
    ciw.seed(1)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(PATIENTS, method="Finish")
    simulation.get_all_records()


def min_processor_time(rounds: int, work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the minimum CPU seconds of each task, measured in turn.

    Everything here runs in one thread, and other programs on the machine do not count.
    """
    best = dict.fromkeys(work, float("inf"))
    for lap in range(rounds + 1):
        for name, call in work.items():
            begin = time.process_time()
            call()
            if lap:
                best[name] = min(best[name], time.process_time() - begin)
    return best


def peak_mb(clinic: str, patients: int) -> float:
    """Return the peak memory of a process of its own: run, measures, log and tables written."""
    code = (
        "import resource, tempfile, pathlib;"
        "from simulate.scenario.load import load_scenario;"
        "from pretese.clinic.clinic_files import load_clinic, write_run;"
        "from simulate.clinic.capacity.replicates import measured;"
        "from simulate.clinic.flow.run_clinic import run_clinic;"
        f"clinic = load_clinic({clinic!r})[0];"
        f"days = {patients} / 2.73 * 7 if clinic.horizon_days else None;"
        "clinic = clinic.model_copy(update={'horizon_days': days and int(days)});"
        "folder = tempfile.TemporaryDirectory();"
        f"run = run_clinic(clinic, load_scenario('paper'), 1, patients={patients});"
        "measured(run);"
        "rows = write_run(run, pathlib.Path(folder.name), 'parquet', False);"
        "print(rows['log'], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rows, memory = done.stdout.split()
    print(
        f"{clinic:10s} {patients:7,d} patients, {int(rows):10,} log rows written: "
        f"peak memory {float(memory):4.0f} MB",
        flush=True,
    )
    return float(memory)


def main() -> None:
    paper = load_scenario("paper")
    untreated = with_values(paper, {"choice.intercept": -60}, "benchmark")
    unlimited, centre = load_clinic("unlimited")[0], load_clinic("one-centre")[0]
    fast = with_busier_doors(centre)

    def whole(clinic: Clinic) -> None:
        run = run_clinic(clinic, paper, 1, patients=PATIENTS)
        event_log(run)
        clinic_tables(run)

    def logged(clinic: Clinic) -> None:
        event_log(run_clinic(clinic, untreated, 1, patients=PATIENTS))

    seconds = min_processor_time(
        3,
        {
            "whole clinic, no limits, full log": lambda: event_log(
                run_clinic(unlimited, paper, 1, patients=PATIENTS)
            ),
            "... and the tables": lambda: whole(unlimited),
            "whole clinic, calendar and benches, same": lambda: whole(fast),
            "small pathway: this clinic, full log": lambda: logged(small_clinic()),
            "small pathway: minimal SimPy script": minimal_simpy,
            "small pathway: Ciw": with_ciw,
        },
    )
    print(f"{PATIENTS} patients, one core, seconds of processor time")
    for name, took in seconds.items():
        print(f"{name:42s} {took:7.3f} s {PATIENTS / took:9,.0f} patients/s")
    for clinic in ("one-centre", "unlimited"):
        small, *_, large = (peak_mb(clinic, patients) for patients in SIZES)
        more = (large - small) / (SIZES[-1] - SIZES[0]) * 1024
        print(f"{clinic}: memory per further patient {more:.2f} kB")
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def with_busier_doors(clinic: Clinic) -> Clinic:
    """Return the clinic with so many slots that hardly any patient waits for one."""
    if clinic.outpatients is None or clinic.theatre is None:
        return clinic
    slots = dict.fromkeys(clinic.outpatients.slots, 12)
    return clinic.model_copy(
        update={
            "outpatients": clinic.outpatients.model_copy(update={"slots": slots}),
            "horizon_days": 100_000,
        }
    )
