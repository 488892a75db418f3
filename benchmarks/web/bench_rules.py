"""The rule for 10,000 random patients is the same by library, page, command and CDS Hooks.

``python -m benchmarks rules`` takes some minutes; a test does the same for a few patients.
"""

import datetime as dt
import json
import random
import tempfile
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pretese
from pretese.cli import run
from pretese.web.hooks.service import answer

DRUGS = {"hcg": (("Chorionic gonadotropin", 2, 0),),
         "hcg-ufsh": (("Urofollitropin", 4, 0), ("Chorionic gonadotropin", 4, 2)),
         "stopped": ()}  # fmt: skip
LOINC = {"fsh": ("15067-2", "[IU]/L"), "testosterone": ("2986-8", "nmol/L"),
         "hematocrit": ("4544-3", "%")}  # fmt: skip


def random_patient(draw: random.Random) -> tuple[dict[str, Any], dt.date]:
    """Return a patient file, and the date of the decision: a month of therapy has just ended."""
    months = draw.randint(1, 4)
    started = dt.date(2022, 1, 1) + dt.timedelta(days=draw.randint(0, 300))
    phases = [draw.choice(("hcg", "hcg-ufsh")) for _ in range(min(months, 3))]
    phases += ["stopped"] * (months - len(phases))
    day = started + dt.timedelta(days=30 * months)
    known = {"fsh": (0.9, draw.lognormvariate(2, 0.9)), "testosterone": (0.5, draw.gauss(20, 9)),
             "hematocrit": (0.5, draw.gauss(46, 5))}  # fmt: skip
    results = [
        {"date": day, "name": name,
         "value": round(min(80.0, max(10.1 if name == "hematocrit" else 0.1, value)), 1),
         "unit": LOINC[name][1]}
        for name, (share, value) in known.items() if draw.random() < share
    ]  # fmt: skip
    return {"patient": "P", "started": started, "phases": phases, "measurements": results}, day


def rules_of(client: Any, file: dict[str, Any], day: dt.date, place: Path) -> dict[str, str]:
    """Return outcome, rule and number of findings that need attention, by interface.

    ``place`` is a file that may be written.
    """
    return {
        "library": _summary_of(pretese.regimen().decide(file, decision_date=day).to_dict()),
        "page": _by_page(client, file, day),
        "command": _by_command(file, day, place),
        "hook": _by_hook(file, day),
    }


def _by_page(client: Any, file: dict[str, Any], day: dt.date) -> str:
    entries = {"decision_date": day.isoformat(), "start": file["started"].isoformat()}
    entries |= {f"phase.{i}": phase for i, phase in enumerate(file["phases"], start=1)}
    for each in file["measurements"]:
        key = "fsh" if each["name"] == "fsh" else f"finding.{_INPUT[each['name']]}"
        entries[key] = repr(each["value"])
    found = client.post("/decision.json", data=entries).json()
    return _summary_of(found)


def _summary_of(document: dict[str, Any]) -> str:
    raised = len(document["flags"]["raised"])
    return f"{document['outcome']} {document['decisions'][-1]['rule_id']} {raised}"


_INPUT = {"testosterone": "testosterone_nmol_l", "hematocrit": "hematocrit_percent"}


def _by_command(file: dict[str, Any], day: dt.date, place: Path) -> str:
    place.write_text(json.dumps(file, default=str), encoding="utf-8")
    out = StringIO()
    with redirect_stdout(out):
        code = run(["decide", "--patient", str(place), "--decision-date", f"{day}", "--json"])
    if code not in (0, 3):
        raise RuntimeError(f"pretese decide ends with {code}")
    return _summary_of(json.loads(out.getvalue()))


def _by_hook(file: dict[str, Any], day: dt.date) -> str:
    given = [
        _administration(file["started"] + dt.timedelta(days=30 * month + first + every * i), drug)
        for month, phase in enumerate(file["phases"])
        for drug, every, first in DRUGS[phase]
        for i in range((29 - first) // every + 1)
    ]
    data = {"patient": {"resourceType": "Patient"}, "administrations": _bundle(given)}
    for each in file["measurements"]:
        data[each["name"]] = _bundle([_observation(each)])
    *flags, card = answer(data, "P", day)
    outcome = card["summary"].partition(":")[0].lower()
    return f"{outcome} {card['source']['label'].rpartition(' ')[2]} {len(flags)}"


def _bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}


def _administration(day: dt.date, drug: str) -> dict[str, Any]:
    concept = {"text": drug}
    return {"resourceType": "MedicationAdministration", "status": "completed",
            "medicationCodeableConcept": concept, "effectiveDateTime": day.isoformat()}  # fmt: skip


def _observation(each: dict[str, Any]) -> dict[str, Any]:
    code, unit = LOINC[each["name"]]
    coding = {"system": "http://loinc.org", "code": code}
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [coding]},
            "effectiveDateTime": each["date"].isoformat(),
            "valueQuantity": {"value": each["value"], "unit": unit, "code": unit}}  # fmt: skip


def main(patients: int = 10_000, seed: int = 1) -> None:
    """Count patients by rule; stop at the first for whom interfaces disagree."""
    from starlette.testclient import TestClient

    from pretese.web.application import create_application
    from pretese.web.security.settings import ServerSettings

    client = TestClient(create_application(ServerSettings(max_seconds=60)))
    draw, rules = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(patients):
            file, day = random_patient(draw)
            found = rules_of(client, file, day, Path(folder) / "patient.yaml")
            assert len(set(found.values())) == 1, (found, file, day)
            rules[found["library"]] += 1
    print(f"{patients:,} patients, the same rule by library, page, command and hook:")
    print(", ".join(f"{rule} {n:,}" for rule, n in rules.most_common()))
