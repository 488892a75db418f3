"""What can be asked of a clinic's run, as names and limits: they load no simulation."""

#: What `required_capacity.CAPACITIES` can be solved for.
CAPACITY_NAMES = (
    "theatre_lists",
    "outpatient_slots",
    "oocyte_retrievals",
    "hormone_analysers",
)

#: Replicates at most, and at least: fewer give no trustworthy interval.
MOST_REPLICATES, FEWEST_REPLICATES = 10_000, 5

#: Figures of a run.
FIGURES = ("queues", "flow", "timeline")
