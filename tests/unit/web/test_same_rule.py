"""Library, page, command and CDS Hooks give a patient the same rule."""

import random

from benchmarks.web.bench_rules import random_patient, rules_of


def test_every_interface_gives_the_same_rule(client, tmp_path):
    draw, rules = random.Random(2), set()
    for _ in range(50):
        file, day = random_patient(draw)
        found = rules_of(client, file, day, tmp_path / "patient.yaml")
        assert len(set(found.values())) == 1, (found, file, day)
        rules.add(found["library"])
    assert len(rules) >= 6
