"""The exercises of chapter 00."""

import math
import random

from companion.exercises.making import END_ID, Case, Exercise, Property


def _grid_case(dice: random.Random) -> Case:
    rows, columns = dice.randint(1, 5), dice.randint(1, 5)
    return {"grid": [[dice.randint(0, 9) for _ in range(columns)] for _ in range(rows)]}


grid_shape = Exercise(
    "grid_shape",
    ({"grid": [[1]]}, {"grid": [[1, 2]]}, {"grid": [[1], [2]]}, {"grid": [[7, 8, 9], [5, 6, 4]]}),
    _grid_case,
    (
        Property(
            "The answer is two whole numbers.",
            lambda answer, grid: len(answer) == 2 and all(n == int(n) for n in answer),
        ),
        Property(
            "Together they count all the numbers in the grid.",
            lambda answer, grid: answer[0] * answer[1] == sum(len(row) for row in grid),
        ),
        Property("Rows come first.", lambda answer, grid: answer[0] == len(grid)),
    ),
)

must_say = Exercise(
    "must_say",
    (
        {"ids": [7], "end_id": END_ID},
        {"ids": [7, 8], "end_id": END_ID},
        {"ids": [END_ID, 8, 9], "end_id": END_ID},
        {"ids": [7, 8, 9], "end_id": 3},
    ),
    lambda dice: {
        "ids": [dice.choice([1, 2, 3, END_ID]) for _ in range(dice.randint(1, 7))],
        "end_id": END_ID,
    },
    (
        Property(
            "There is one answer for each token of the text.",
            lambda answer, ids, end_id: len(answer) == len(ids),
        ),
        Property(
            "After the last token, the end token must be said.",
            lambda answer, ids, end_id: answer[-1] == end_id,
        ),
        Property(
            "Before that, at each position the token that follows must be said.",
            lambda answer, ids, end_id: all(
                answer[place] == ids[place + 1] for place in range(len(ids) - 1)
            ),
        ),
    ),
)


def _loss(probabilities: list[float]) -> float:
    total = 0.0
    for probability in probabilities:
        total += math.log(1 / probability)
    return total / len(probabilities)


mean_surprise = Exercise(
    "mean_surprise",
    ({"probabilities": [1.0]}, {"probabilities": [0.5]}, {"probabilities": [0.5, 0.25]}),
    lambda dice: {"probabilities": [dice.randint(1, 100) / 100 for _ in range(dice.randint(1, 5))]},
    (
        Property("A surprise is never negative.", lambda answer, probabilities: answer >= -1e-12),
        Property(
            "Where the model was certain each time, the loss is 0.",
            lambda answer, probabilities: min(probabilities) < 1 or abs(answer) < 1e-12,
        ),
        Property(
            "For one question, the loss is minus the logarithm of the probability.",
            lambda answer, probabilities: (
                len(probabilities) > 1 or abs(answer - _loss(probabilities)) < 1e-9
            ),
        ),
        Property(
            "It is the mean of the surprises.",
            lambda answer, probabilities: abs(answer - _loss(probabilities)) < 1e-9,
        ),
    ),
)

EXERCISES = (grid_shape, must_say, mean_surprise)
