"""Who does what, and when: a picture of work side by side, to scale.

Each of those who work (a training loop, a worker, a rank) has a line; a span on it is what it
does from one moment to another, and where there is none, it waits. `plan_batches` gives the
lines of a loop and its workers, `plan_steps` those of ranks. What it leaves out: to measure;
the lengths are the caller's. Chapters 10 and 12.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate, cycle

from matplotlib.figure import Figure

from companion.showing.picture import PEN, Picture, stand_in

Span = tuple[str, float, float]
"""What is done, from when, until when."""

PREFETCH = 2
"""How many batches each worker of a `DataLoader` makes ahead, unless it is told otherwise."""


def plan_batches(
    make: float, step: float, fee: float, workers: int, batches: int = 4
) -> dict[str, list[Span]]:
    """Give who does what when: a loop that trains, and workers that make its batches.

    `make`, `step`, `fee`: how long it takes to make a batch, to train on it, and to take it over
    from a worker. Without workers the loop makes each batch by itself. Raises `ValueError` for
    what is negative.

    >>> plan_batches(make=3, step=2, fee=1, workers=0, batches=1)
    {'loop': [('make', 0, 3), ('train', 3, 5)]}
    >>> plan_batches(make=3, step=2, fee=1, workers=1, batches=1)
    {'loop': [('take over', 3, 4), ('train', 4, 6)], 'worker 0': [('make', 0, 3)]}
    """
    if min(make, step, fee, workers) < 0:
        raise ValueError(
            f"times and workers are not negative; found make {make}, step {step}, fee {fee}, "
            f"workers {workers}"
        )
    loop: list[Span] = []
    made: list[list[Span]] = [[] for _ in range(workers)]
    taken: list[float] = []
    now: float = 0
    for batch in range(batches):
        if workers:
            mine = made[batch % workers]
            free = mine[-1][2] if mine else 0
            ahead = batch - PREFETCH * workers  # its place is free once this one was taken
            start = max(free, taken[ahead]) if ahead >= 0 else free
            mine.append(("make", start, start + make))
            start = max(now, start + make)
            loop.append(("take over", start, start + fee))
        else:
            start = now
            loop.append(("make", start, start + make))
        now = loop[-1][2]
        taken.append(now)
        loop.append(("train", now, now + step))
        now += step
    return {"loop": loop} | {f"worker {at}": spans for at, spans in enumerate(made)}


def plan_steps(times: Sequence[Sequence[float]]) -> dict[str, list[Span]]:
    """Give what ranks do that begin each step together: each waits for the slowest.

    `times`: of each rank, how long it computes at each step. Raises `ValueError` where ranks do
    not have equally many steps.

    >>> plan_steps([[2, 1], [3, 1]])["rank 0"]
    [('compute', 0, 2), ('compute', 3, 4)]
    """
    if len({len(own) for own in times}) > 1:
        raise ValueError(f"ranks have equally many steps; found {[len(own) for own in times]}")
    starts = [0, *accumulate(max(step) for step in zip(*times, strict=True))]
    return {
        f"rank {rank}": [
            ("compute", start, start + own) for start, own in zip(starts, mine, strict=False)
        ]
        for rank, mine in enumerate(times)
    }


def draw_timelines(
    plans: Mapping[str, Mapping[str, Sequence[Span]]], unit: str = "milliseconds"
) -> Picture:
    """Draw plans one below the other, all to one scale of time.

    `plans`: by a name for each, its lines by who works. Raises `ValueError` where there is
    nothing to draw.

    >>> draw_timelines({"alone": {"loop": [("make", 0, 3), ("train", 3, 5)]}})
    Who does what, in milliseconds. alone: loop: make 3 of 5, train 2 of 5, waits 0 of 5.
    """
    spans = [span for plan in plans.values() for line in plan.values() for span in line]
    if not spans:
        raise ValueError("there is nothing to draw: give at least one plan, with a span in it")
    last = max(end for _, _, end in spans)
    # Told apart without colour: plain, hatched one way, the other way, dotted.
    kinds = [*dict.fromkeys(what for what, _, _ in spans)]
    fills = cycle(
        [("template", ""), ("response", "///"), ("instruction", "\\\\\\"), ("header", "...")]
    )
    looks = dict(zip(kinds, fills, strict=False))
    rows = sum(map(len, plans.values()))
    height = 0.95 + 0.36 * len(plans) + 0.27 * rows  # inches; the page scales it to its width
    figure = Figure(figsize=(4.8, height), facecolor="none")
    top = 0.38
    named = set[str]()
    for name, plan in plans.items():
        tall = 0.27 * len(plan)
        low = 1 - (top + 0.3 + tall) / height
        axes = figure.add_axes((0.17, low, 0.81, tall / height), facecolor="none")
        for row, line in enumerate(plan.values()):
            for what, start, end in line:
                role, hatch = looks[what]
                axes.barh(
                    row, end - start, left=start, height=0.8,
                    label="_" if what in named else what,  # "_" keeps it off the legend
                    facecolor=stand_in(role), edgecolor=PEN, linewidth=0.6, hatch=hatch,
                )  # fmt: skip
                named.add(what)
        axes.set(xlim=(0, last), ylim=(len(plan) - 0.5, -0.5))
        axes.set_yticks(range(len(plan)), plan)
        axes.set_title(name, loc="left", color=PEN, fontsize=11, pad=3, x=-0.2)
        axes.tick_params(colors=PEN, labelsize=10, labelbottom=False, length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        top += 0.36 + tall
    axes.tick_params(labelbottom=True)
    axes.set_xlabel(unit, color=PEN, fontsize=10)
    figure.legend(
        ncols=4, loc="upper left", bbox_to_anchor=(0.0, 1), frameon=False, fontsize=10,
        labelcolor=PEN, borderaxespad=0.1, columnspacing=1.2, handlelength=1.6,
    )  # fmt: skip
    told = " ".join(f"{name}: {_in_words(plan)}" for name, plan in plans.items())
    return Picture(figure, f"Who does what, in {unit}. {told}")


def _in_words(plan: Mapping[str, Sequence[Span]]) -> str:
    """Say of each line how long it does what, until the last of the plan has ended."""
    last = max(end for line in plan.values() for _, _, end in line)
    said = []
    for who, line in plan.items():
        spent: dict[str, float] = {}
        for what, start, end in line:
            spent[what] = spent.get(what, 0) + end - start
        spent["waits"] = last - sum(spent.values())
        parts = [f"{what} {long:.4g} of {last:.4g}" for what, long in spent.items()]
        said.append(f"{who}: {', '.join(parts)}.")
    return " ".join(said)
