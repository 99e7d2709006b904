"""The predictions about prompt styles, laid beside what came.

Takes `predictions.json`, which is older than any result, with the conditions and the
comparisons that `experiments.styles_gathering` made of the runs. What was predicted as a span
came out as predicted if the measured mean lies in it; what was predicted as one number, if that
number lies in the measured interval. Later tiers have no line here until they have runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

Figures = Mapping[str, Any]


def lay_beside(
    predicted: Figures, conditions: Sequence[Figures], compared: Sequence[Figures]
) -> list[dict[str, str]]:
    """Give a line for each prediction: what it is about, what was said, what came, a verdict."""
    facts = Facts(conditions, compared)
    return [*_before(predicted, facts), *_after(predicted, facts), *_power(predicted, facts)]


class Facts:
    """What was measured, to be asked for by style, mask and length of training."""

    def __init__(self, conditions: Sequence[Figures], compared: Sequence[Figures]) -> None:
        self.conditions = conditions
        self.compared = compared
        self.updates = sorted({c["updates"] for c in conditions if c["kind"] == "after"})
        self.styles = sorted({c["style"] for c in conditions if c["kind"] == "before"})

    def of(self, measure: str, style: str, mask: str = "none", updates: int = 0) -> Any:
        """Give a condition's mean and interval, or None."""
        for found in self.conditions:
            if (found["style"], found["mask"], found["updates"]) == (style, mask, updates):
                return found.get(measure)
        return None

    def after(self, measure: str, mask: str, updates: int) -> dict[str, Any]:
        """Give the figures of each style after tuning, of those that are there."""
        found = {style: self.of(measure, style, mask, updates) for style in self.styles}
        return {style: figure for style, figure in found.items() if figure}

    def difference(self, measure: str, factor: str, updates: int, **is_: Any) -> list[Figures]:
        """Give the comparisons of models after that many updates, or whose first side had them."""
        return [
            one
            for one in self.compared
            if (one["measure"], one["differs in"]) == (measure, factor)
            and one["one"]["updates"] == updates
            and all(one["one"][name] == value for name, value in is_.items())
        ]


def _line(about: str, said: str, came: str, held: bool | None) -> dict[str, str]:
    verdict = {True: "as predicted", False: "missed", None: "not measured"}[held]
    return {"about": about, "predicted": said, "came": came, "verdict": verdict}


def _shown(figure: Figures, name: str = "mean") -> str:
    low, high = figure["interval"]
    return f"{figure[name]:.2f} [{low:.2f}, {high:.2f}]"


def _spanned(about: str, figure: Any, low: float, high: float, expected: float) -> dict[str, str]:
    said = f"{expected:.2f} ({low:.2f} to {high:.2f})"
    if figure is None:
        return _line(about, said, "", None)
    return _line(about, said, _shown(figure), low <= figure["mean"] <= high)


def _within(about: str, figure: Any, expected: float, name: str = "mean") -> dict[str, str]:
    """Judge a number that was predicted without a span: does the interval hold it?"""
    if figure is None:
        return _line(about, f"{expected:.2f}", "", None)
    low, high = figure["interval"]
    return _line(about, f"{expected:.2f}", _shown(figure, name), low <= expected <= high)


def _before(predicted: Figures, facts: Facts) -> Iterable[dict[str, str]]:
    losses = {style: facts.of("loss", style) for style in predicted["loss before"]}
    for style, expected in predicted["loss before"].items():
        low, high = predicted["loss before, between"][style]
        yield _spanned(f"loss of {style} before", losses[style], low, high, expected)
    order = sorted((figure["mean"], style) for style, figure in losses.items() if figure)
    if len(order) == len(losses):
        (first, best), (second, _) = order[:2]
        came = f"{best} first, by {second - first:.2f}"
        ahead = best == "chatml" and second - first >= 0.2
        yield _line("the best style before", "chatml first, by 0.20", came, ahead)
    for style, expected in predicted["stops before"].items():
        yield _within(f"{style} stops before", facts.of("stops", style), expected)
    exact = [facts.of("exact", style) for style in losses]
    if all(exact):
        most = max(figure["mean"] for figure in exact)
        yield _line("exact answers before", "0.10 at most", f"{most:.2f} at most", most <= 0.1)


def _after(predicted: Figures, facts: Facts) -> Iterable[dict[str, str]]:
    end = facts.updates[-1] if facts.updates else 0
    for mask in ("none", "prompt"):
        for style, expected in predicted[f"loss after, {mask}"].items():
            about = f"loss of {style} after, {_masked(mask)}"
            far = predicted["loss after, within"]
            figure = facts.of("loss", style, mask, end) if end else None
            yield _spanned(about, figure, expected - far, expected + far, expected)
    for mask in ("none", "prompt"):
        yield from _order_after(predicted, facts, mask, end)
    yield from _masks(predicted, facts, end)
    yield from _lengths(predicted, facts, end)


def _masked(mask: str) -> str:
    return "prompt masked" if mask == "prompt" else "nothing masked"


def _order_after(predicted: Figures, facts: Facts, mask: str, end: int) -> Iterable[dict[str, str]]:
    found = facts.after("loss", mask, end)
    if len(found) < len(facts.styles):
        return
    order = sorted((figure["mean"], style) for style, figure in found.items())
    most = predicted["range of styles after, at most"]
    spread = order[-1][0] - order[0][0]
    about = f"range of the styles after, {_masked(mask)}"
    yield _line(about, f"{most:.2f} at most", f"{spread:.2f}", spread <= most)
    low, high = predicted["chatml ahead of the next after"]
    ahead = order[1][0] - order[0][0]
    came = f"{order[0][1]} first, by {ahead:.3f}"
    held = order[0][1] == "chatml" and low <= ahead <= high
    said = f"chatml first, by {low:.2f} to {high:.2f}"
    yield _line(f"the best style after, {_masked(mask)}", said, came, held)
    under = predicted["alpaca, phi3 and plain differ by less than"]
    others = [
        one
        for one in facts.difference("loss", "style", end, mask=mask)
        if {one["one"]["style"], one["other"]["style"]}
        in [set(pair) for pair in combinations(("alpaca", "phi3", "plain"), 2)]
    ]
    if others:
        largest = max(abs(one["difference"]) for one in others)
        told = sum(one["chance, corrected"] < 0.05 for one in others)
        yield _line(
            f"alpaca, phi3 and plain, {_masked(mask)}",
            f"under {under:.2f} apart, none told apart",
            f"up to {largest:.2f} apart, {told} of {len(others)} pairs told apart",
            largest < under and not told,
        )


def _masks(predicted: Figures, facts: Facts, end: int) -> Iterable[dict[str, str]]:
    said = predicted["prompt mask lowers the loss by"]
    of_each = {
        one["one"]["style"]: {"mean": -one["difference"], "interval": _turned(one["interval"])}
        for one in facts.difference("loss", "mask", end)
    }
    low, high = said["between"]
    yield _spanned("the mask lowers the loss by", of_each.get("all"), low, high, said["all"])
    own = {style: figure for style, figure in of_each.items() if style != "all"}
    if len(own) == len(facts.styles):
        most = max(own, key=lambda style: own[style]["mean"])
        came = f"most in {most}, by {own[most]['mean']:.2f}"
        about = "the mask lowers the loss most in"
        yield _line(about, f"alpaca, by {said['alpaca']:.2f}", came, most == "alpaca")
    more = [one for one in facts.difference("gap", "mask", end) if one["one"]["style"] == "all"]
    about = "the gap is larger with the mask by"
    figure = more[0] if more else None
    yield _within(about, figure, predicted["gap"]["more with the mask"], "difference")


def _turned(bounds: Sequence[float]) -> list[float]:
    return [-bounds[1], -bounds[0]]


def _lengths(predicted: Figures, facts: Facts, end: int) -> Iterable[dict[str, str]]:
    for updates in facts.updates:
        expected = predicted["gap"].get(f"{updates} updates")
        found = [
            facts.after("gap", mask, updates).get(style)
            for mask in ("none", "prompt")
            for style in facts.styles
        ]
        there = [figure["mean"] for figure in found if figure]
        if expected is not None and there:
            came = f"{min(there):.2f} to {max(there):.2f}"
            held = min(there) <= expected <= max(there)
            yield _line(f"the gap at {updates} updates", f"{expected:.2f}", came, held)
    expected = predicted["loss falls from 30 to 60 updates by"]
    compared = facts.difference("loss", "updates", facts.updates[0]) if facts.updates else []
    if compared:  # the loss after half of the updates, less that after all
        falls = [one["difference"] for one in compared]
        came = f"by {min(falls):.2f} to {max(falls):.2f}"
        held = 0 < min(falls) <= expected <= max(falls)
        yield _line("the loss falls in the second half", f"by {expected:.2f}", came, held)
    for measure, about in (("stops", "answers that stop after"), ("exact", "exact answers after")):
        every = [
            figure["mean"]
            for mask in ("none", "prompt")
            for figure in facts.after(measure, mask, end).values()
        ]
        if not every:
            continue
        came = f"{min(every):.2f} to {max(every):.2f}"
        if measure == "stops":
            least = predicted["stops after, at least"]
            yield _line(about, f"{least:.2f} at least", came, min(every) >= least)
        else:
            low, high = predicted["exact after"]["between"]
            said = f"{predicted['exact after']['expected']:.2f} ({low:.2f} to {high:.2f})"
            yield _line(about, said, came, low <= min(every) and max(every) <= high)


def _power(predicted: Figures, facts: Facts) -> Iterable[dict[str, str]]:
    """How small a difference could have been seen, beside how small was thought."""
    end = facts.updates[-1] if facts.updates else 0
    for about, measure, factor in (
        ("loss, styles", "loss", "style"),
        ("loss, masks", "loss", "mask"),
        ("exact", "exact", "style"),
    ):
        expected = predicted["smallest effect"][about]
        found = [
            one["smallest effect"]
            for one in facts.difference(measure, factor, end)
            if end and one["one"]["style"] != "all"
        ]
        if found:
            came = f"{min(found):.2f} to {max(found):.2f}"
            held = round(min(found), 2) <= expected <= round(max(found), 2)
            yield _line(f"the smallest effect to be seen: {about}", f"{expected:.2f}", came, held)
