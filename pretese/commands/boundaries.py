"""``pretese boundaries``: a group-sequential design on one page, or as JSON."""

import math
from collections.abc import Sequence
from typing import Any

import click
import numpy as np
from scipy.special import ndtr

from estimate.sample_size.closed_form import size_two_proportions
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sequential.boundaries import HaybittlePeto, Shape, WangTsiatis, plan_sequential
from estimate.sequential.design import SequentialDesign
from estimate.sequential.spending import PARAMETERS, Spending
from pretese.commands.options import Number, to_number
from pretese.io.text.json_text import print_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.screen.terminal import echo
from protocol.errors import InputError

WHERE = "boundaries"

#: Most men per arm whose counts are enumerated: the table of both takes 200 MB.
ENUMERATED = 5000


@click.command()
@click.option("--looks", required=True, help="Information rates T1,T2,...,1; or a number of looks.")
@click.option(
    "--spending",
    type=click.Choice(["OF", "Pocock", "HSD", "KD", "user"]),
    help="Alpha spending: Lan-DeMets OF or Pocock, Hwang-Shih-DeCani, Kim-DeMets.",
)
@click.option(
    "--shape",
    type=click.Choice(["OF", "Pocock", "WT", "HP"]),
    help="Instead of spending: O'Brien-Fleming, Pocock, Wang-Tsiatis, Haybittle-Peto.",
)
@click.option("--gamma", type=Number(), help="Parameter of HSD; negative spends late.")
@click.option("--rho", type=Number(), help="Parameter of KD, above 0.")
@click.option("--cumulative", help="Cumulative alpha A1,A2,... of user spending, per side.")
@click.option("--delta", type=Number(), help="Parameter of WT: 0 is OF, 0.5 is Pocock.")
@click.option("--z", "peto_z", type=Number(), help="Interim bound of HP.  [default: 3]")
@click.option("--alpha", type=Number(), default=0.025, show_default=True, help="Type I error.")
@click.option("--sides", type=int, default=1, show_default=True, help="1 or 2.")
@click.option("--power", type=Number(), default=0.8, show_default=True)
@click.option(
    "--futility",
    type=click.Choice(["OF", "Pocock", "HSD", "KD"]),
    help="Beta spending for futility (one side).",
)
@click.option("--futility-gamma", type=Number(), help="Parameter of HSD for futility.")
@click.option("--futility-rho", type=Number(), help="Parameter of KD for futility.")
@click.option("--binding", is_flag=True, help="Stopping for futility is obligatory.")
@click.option("--risks", help="Risks TREATED,CONTROL: adds men per arm, and exact power beside it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def command(
    looks: str,
    spending: str | None,
    shape: str | None,
    gamma: float | None,
    rho: float | None,
    cumulative: str | None,
    delta: float | None,
    peto_z: float | None,
    alpha: float,
    sides: int,
    power: float,
    futility: str | None,
    futility_gamma: float | None,
    futility_rho: float | None,
    binding: bool,
    risks: str | None,
    as_json: bool,
) -> None:
    """Bounds, error spent, inflation and expected sizes of a group-sequential design."""
    given = {"gamma": gamma, "rho": rho, "cumulative": cumulative, "delta": delta, "z": peto_z}
    wanted = _shape(spending, shape, given)
    futile = {"futility-gamma": futility_gamma, "futility-rho": futility_rho}
    design = plan_sequential(
        _rates(looks),
        wanted,
        alpha=alpha,
        sides=sides,
        power=power,
        futility=_futility(futility, futile),
        binding=binding,
    )
    document = describe_design(design)
    if risks is not None:
        document["men"] = describe_men(design, _numbers("risks", risks))
    document = rounded_document(document)
    if as_json:
        print_json(document)
    else:
        echo(_page(design, document))


def describe_design(design: SequentialDesign) -> dict[str, Any]:
    """Return a design as plain values; infinite bounds become None."""
    reject, futile = design.rejection(design.drift), design.futility(design.drift)
    reject0, futile0 = design.rejection(), design.futility()
    alpha_spent, beta_spent = design.alpha_spent(), design.beta_spent()
    interim_futility = design.has_futility
    rows = [
        {
            "look": k + 1,
            "information_rate": design.information_rates[k],
            "upper": _finite(design.upper[k]),
            "lower": _finite(design.lower[k]),
            "nominal_p": _finite(design.sides * float(ndtr(-design.upper[k]))),
            "alpha_spent": float(alpha_spent[k]),
            "beta_spent": float(beta_spent[k]) if interim_futility else None,
            "rejects_under_alternative": float(reject[k]),
            "rejects_under_null": float(reject0[k]),
            "ends_without_rejection_under_alternative": float(futile[k]),
            "ends_without_rejection_under_null": float(futile0[k]),
        }
        for k in range(design.looks)
    ]
    return {
        "name": design.name,
        "alpha": design.alpha,
        "sides": design.sides,
        "power": design.power,
        "binding": design.binding,
        "looks": rows,
        "drift": design.drift,
        "inflation": design.inflation,
        "expected_rate_under_null": float(design.expected_rate()),
        "expected_rate_under_alternative": float(design.expected_rate(design.drift)),
    }


def describe_men(design: SequentialDesign, risks: Sequence[float]) -> dict[str, Any]:
    """Return men per arm at each look, and what the rounded design does exactly.

    The size is a closed form (an approximation); power, type I error at the control risk and
    expected men are exact for the pooled z test, 1:1.
    """
    if len(risks) != 2:
        raise InputError.of(WHERE, "--risks", f"{len(risks)} came", "give TREATED,CONTROL")
    treated, control = risks
    fixed = size_two_proportions(
        treated, control, alpha=design.alpha / design.sides, power=design.power
    )
    men = np.ceil(design.sample_sizes(float(fixed.arm2)) - 1e-9).astype(int)
    if (np.diff(men, prepend=0) < 1).any():
        problem = f"looks at {men.tolist()} men per arm are the same look"
        raise InputError.of(WHERE, "--looks", problem, "take fewer looks or smaller differences")
    if men[-1] > ENUMERATED:
        problem = f"{men[-1]} men per arm are too many to enumerate, at most {ENUMERATED}"
        raise InputError.of(WHERE, "--risks", problem, "give risks further apart, or none")
    two = design.sides == 2
    high, low = max(treated, control), min(treated, control)
    kept, ignored = (None, None) if two else (design.lower, design.ignored_lower)
    trial = exact_sequential(men, men, design.upper, high, low, lower=kept, sides=design.sides)
    null = exact_sequential(
        men, men, design.upper, control, control, lower=ignored, sides=design.sides
    )
    return {
        "treated": treated,
        "control": control,
        "per_arm_fixed": math.ceil(float(fixed.arm2) - 1e-9),
        "per_arm_at_look": men.tolist(),
        "exact_power": float(trial.power),
        "exact_type_1_error": float(null.power),
        "exact_expected_men_under_alternative": float(trial.expected_men),
        "exact_rejects_at_look": [float(p) for p in trial.efficacy],
    }


def _rates(looks: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = _numbers("looks", looks)
    if len(values) == 1 and values[0] > 1 and values[0] == int(values[0]):
        if values[0] > 100:
            raise InputError.of(WHERE, "--looks", f"{looks} looks came", "give 100 at most")
        return np.arange(1, int(values[0]) + 1) / values[0]
    return np.asarray(values)


def _shape(spending: str | None, shape: str | None, given: dict[str, Any]) -> Shape:
    if spending and shape:
        raise InputError.of(WHERE, "--shape", "it came with --spending", "give one of the two")
    chosen = shape or spending or "OF"
    takes = {"WT": "delta", "HP": "z"} if shape else {**PARAMETERS, "user": "cumulative"}
    for name, value in given.items():
        if value is not None and takes.get(chosen) != name:
            raise InputError.of(WHERE, f"--{name}", f"{chosen} does not take it", "leave it out")
    if shape:
        return _classical(shape, given)
    if chosen == "user":
        levels = _numbers("cumulative", given["cumulative"] or "")
        return Spending("user", cumulative=levels)
    return Spending(chosen, given.get(PARAMETERS.get(chosen, "")))  # type: ignore[arg-type]  # click checked the choice


def _classical(shape: str, given: dict[str, Any]) -> Shape:
    if shape == "HP":
        return HaybittlePeto() if given["z"] is None else HaybittlePeto(given["z"])
    if shape == "WT" and given["delta"] is None:
        raise InputError.of(WHERE, "--delta", "WT came without it", "give a number, 0 to 0.5")
    return WangTsiatis({"OF": 0.0, "Pocock": 0.5}.get(shape, given["delta"]))


def _futility(family: str | None, given: dict[str, Any]) -> Spending | None:
    takes = f"futility-{PARAMETERS.get(family or '', '')}"
    for name, value in given.items():
        if value is not None and name != takes:
            problem = f"{family or 'no futility'} does not take it"
            raise InputError.of(WHERE, f"--{name}", problem, "leave it out")
    if family is None:
        return None
    return Spending(family, given.get(takes))  # type: ignore[arg-type]  # click checked the choice


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(to_number(part) for part in text.split(","))
    except ValueError:
        cure = "give numbers with commas between them"
        raise InputError.of(WHERE, f"--{option}", f"{text!r} came", cure) from None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _page(design: SequentialDesign, document: dict[str, Any]) -> str:
    """Return the design as text for a screen."""
    side = "one-sided" if design.sides == 1 else "two-sided"
    lines = [
        f"{design.name}; {side} alpha {design.alpha:g}, power {design.power:g}",
        "",
        "look  information    upper    lower  nominal p  alpha spent  power spent",
    ]
    gained = np.cumsum([row["rejects_under_alternative"] for row in document["looks"]])
    for row, power in zip(document["looks"], gained, strict=True):
        bounds = f"{_z(row['upper'])}  {_z(row['lower'])}  {row['nominal_p']:9.6f}"
        place = f"{row['look']:4d}  {row['information_rate']:11.4f}"
        lines.append(f"{place}  {bounds}  {row['alpha_spent']:11.6f}  {power:11.4f}")
    expected = document["expected_rate_under_alternative"]
    lines += [
        "",
        f"inflation               {document['inflation']:.4f}  largest size over the fixed size",
        f"expected, alternative   {expected:.4f}  of the fixed size",
        f"expected, no effect     {document['expected_rate_under_null']:.4f}  of the fixed size",
    ]
    return "\n".join(lines + (_men_lines(document["men"]) if "men" in document else []))


def _men_lines(men: dict[str, Any]) -> list[str]:
    at_looks = ", ".join(str(n) for n in men["per_arm_at_look"])
    return [
        "",
        f"risks {men['treated']:g} against {men['control']:g}, pooled z test, 1:1",
        f"men per arm at each look      {at_looks}  (fixed: {men['per_arm_fixed']}; closed form)",
        f"exact power                   {men['exact_power']:.4f}",
        f"exact type I error            {men['exact_type_1_error']:.4f}  at the control risk",
        f"exact expected men, both arms {men['exact_expected_men_under_alternative']:.1f}",
    ]


def _z(bound: float | None) -> str:
    return "      -" if bound is None else f"{bound:z7.4f}"
