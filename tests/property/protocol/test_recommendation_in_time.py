"""A recommendation does not depend on results obtained after its date."""

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from protocol.bedside.known.timeline import Observation, Timeline
from protocol.bedside.patient import PatientRecord
from protocol.bedside.recommend import recommend
from protocol.regimen.load import load_regimen
from protocol.regimen.rules import facts_asked

GUIDED = load_regimen("fsh-guided")
START = dt.date(2022, 3, 1)
FACTS = dict.fromkeys(facts_asked(GUIDED))


def observation(name, value, day, delay, qualifier=""):
    measured = START.toordinal() + day
    return Observation(name, value, measured, measured + delay, qualifier)


DAYS, DELAYS = st.integers(-20, 150), st.integers(0, 12)
RESULTS = st.one_of(
    st.builds(observation, st.just("fsh_iu_l"), st.sampled_from([0.3, 0.7, 11.1, 11.2, 30.0]), DAYS,
              DELAYS, st.sampled_from(["", "", "<", ">"])),
    st.builds(observation, st.just("semen"), st.sampled_from(["sperm", "no sperm"]), DAYS, DELAYS),
    st.builds(observation, st.just("hematocrit_percent"), st.sampled_from([45.0, 51.0, 56.0]), DAYS,
              DELAYS),
    st.builds(observation, st.just("testosterone_nmol_l"), st.sampled_from([9.0, 20.0, 40.0]), DAYS,
              DELAYS),
    st.builds(observation, st.just("karyotype"), st.sampled_from(["normal", "klinefelter"]), DAYS,
              DELAYS),
)  # fmt: skip
PHASES = st.sampled_from([(), ("hcg",), ("hcg", "hcg-ufsh"), ("hcg", "hcg", "hcg-ufsh")])


@given(st.lists(RESULTS, max_size=6), st.lists(RESULTS, max_size=4), PHASES, st.integers(0, 140),
       st.data())  # fmt: skip
def test_later_results_and_the_order_of_rows_change_nothing(results, more, phases, day, data):
    on = START + dt.timedelta(days=day)
    later = [replace(r, known=max(r.known, on.toordinal() + 1)) for r in more]
    record = PatientRecord("p", START, phases, FACTS, Timeline(results))
    shuffled = data.draw(st.permutations(results + later))
    same = replace(record, timeline=Timeline(shuffled))
    before, after = (recommend(each, GUIDED, on) for each in (record, same))
    for field in ("outcome", "recommendation", "decided_on", "next_steps", "cautions"):
        assert getattr(before, field) == getattr(after, field)
    assert {flag.rule_id for flag in before.flags.raised} == {
        flag.rule_id for flag in after.flags.raised
    }
