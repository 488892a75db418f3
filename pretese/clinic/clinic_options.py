"""Names and limits of the options of a run, without loading the simulation."""

#: The names of `required_capacity.CAPACITIES`.
CAPACITY_NAMES = (
    "theatre_lists",
    "outpatient_slots",
    "oocyte_retrievals",
    "hormone_analysers",
)

#: Default maximum of replicates, and the minimum for a reliable interval.
MOST_REPLICATES, FEWEST_REPLICATES = 10_000, 5

#: Figures of a run.
FIGURES = ("queues", "flow", "timeline")
