"""The exercises of chapter 06. The truths here are plain loops, and share no code with
`companion.masking`.
"""

import random
from typing import Any

from companion.exercises.making import Case, Exercise, Property

IGNORED = -100


def _prompt_case(dice: random.Random) -> Case:
    width = dice.randint(1, 6)
    count = dice.randint(1, 4)
    return {
        "targets": [[dice.randint(0, 9) for _ in range(width)] for _ in range(count)],
        "prompt_lengths": [dice.randint(0, width) for _ in range(count)],
    }


def _masked(row: list[int], prompt_length: int) -> list[int]:
    kept = []
    for column, target in enumerate(row):
        position = column + 1
        kept.append(IGNORED if position < prompt_length else target)
    return kept


def _rows(answer: Any) -> list[list[int]]:
    return [[int(target) for target in row] for row in answer]


mask_prompt = Exercise(
    "mask_prompt",
    (
        {"targets": [[7, 8]], "prompt_lengths": [1]},
        {"targets": [[7, 8]], "prompt_lengths": [2]},
        {"targets": [[7, 8]], "prompt_lengths": [0]},
        {"targets": [[1, 2, 3, 4], [5, 6, 7, 8]], "prompt_lengths": [4, 2]},
    ),
    _prompt_case,
    (
        Property(
            "There are as many rows and columns as before.",
            lambda answer, targets, prompt_lengths: (
                [len(row) for row in _rows(answer)] == [len(row) for row in targets]
            ),
        ),
        Property(
            "The first token of the response stays a target.",
            lambda answer, targets, prompt_lengths: all(
                row[n - 1] == before[n - 1]
                for row, before, n in zip(_rows(answer), targets, prompt_lengths, strict=True)
                if n > 0
            ),
        ),
        Property(
            "A text without a prompt loses no target.",
            lambda answer, targets, prompt_lengths: all(
                row == before
                for row, before, n in zip(_rows(answer), targets, prompt_lengths, strict=True)
                if n == 0
            ),
        ),
        Property(
            "Every target that is a token of the prompt is -100.",
            lambda answer, targets, prompt_lengths: all(
                set(row[: max(n - 1, 0)]) <= {IGNORED}
                for row, n in zip(_rows(answer), prompt_lengths, strict=True)
            ),
        ),
        Property(
            "All other targets stay as they are.",
            lambda answer, targets, prompt_lengths: (
                _rows(answer)
                == [_masked(row, n) for row, n in zip(targets, prompt_lengths, strict=True)]
            ),
        ),
    ),
)


def _turns_case(dice: random.Random) -> Case:
    width = dice.randint(1, 8)
    borders = sorted(dice.sample(range(width + 2), min(dice.choice([2, 4]), width + 2) // 2 * 2))
    return {
        "row": [dice.randint(0, 9) for _ in range(width)],
        "spans": list(zip(borders[::2], borders[1::2], strict=True)),
    }


def _inside(position: int, spans: list[tuple[int, int]]) -> bool:
    found = False
    for start, stop in spans:
        found = found or start <= position < stop
    return found


mask_turns = Exercise(
    "mask_turns",
    (
        {"row": [5], "spans": [(1, 2)]},
        {"row": [5], "spans": [(0, 1)]},
        {"row": [5, 6, 7], "spans": [(2, 3)]},
        {"row": [1, 2, 3, 4, 5, 6], "spans": [(1, 3), (5, 7)]},
    ),
    _turns_case,
    (
        Property(
            "The row is as long as before.", lambda answer, row, spans: len(answer) == len(row)
        ),
        Property(
            "The token at a span's first position stays a target.",
            lambda answer, row, spans: all(
                answer[start - 1] == row[start - 1] for start, _ in spans if start > 0
            ),
        ),
        Property(
            "The token at a span's stop is outside it, and ignored unless another span holds it.",
            lambda answer, row, spans: all(
                answer[stop - 1] == IGNORED
                for _, stop in spans
                if 0 < stop <= len(row) and not _inside(stop, spans)
            ),
        ),
        Property(
            "Targets in a span stay, in every span, and all others are -100.",
            lambda answer, row, spans: (
                list(answer)
                == [
                    target if _inside(column + 1, spans) else IGNORED
                    for column, target in enumerate(row)
                ]
            ),
        ),
    ),
)


def _losses_case(dice: random.Random) -> Case:
    count = dice.randint(1, 6)
    return {
        "losses": [float(dice.randint(0, 8)) for _ in range(count)],
        "prompt_length": dice.randint(0, count),
    }


def _mean_of_response(losses: list[float], prompt_length: int) -> float:
    total, count = 0.0, 0
    for column, loss in enumerate(losses):
        if column + 1 >= prompt_length:
            total += loss
            count += 1
    return total / count


response_loss = Exercise(
    "response_loss",
    (
        {"losses": [2.0], "prompt_length": 0},
        {"losses": [2.0], "prompt_length": 1},
        {"losses": [8.0, 2.0, 4.0], "prompt_length": 2},
        {"losses": [8.0, 2.0, 4.0], "prompt_length": 3},
    ),
    _losses_case,
    (
        Property(
            "It lies between the smallest and the largest loss of the response.",
            lambda answer, losses, prompt_length: (
                min(losses[max(prompt_length - 1, 0) :]) - 1e-9
                <= answer
                <= max(losses[max(prompt_length - 1, 0) :]) + 1e-9
            ),
        ),
        Property(
            "Without a prompt it is the mean of all.",
            lambda answer, losses, prompt_length: (
                prompt_length > 0 or abs(answer - _mean_of_response(losses, 0)) < 1e-9
            ),
        ),
        Property(
            "It is the mean over the response's targets, from its first token to the end token.",
            lambda answer, losses, prompt_length: (
                abs(answer - _mean_of_response(losses, prompt_length)) < 1e-9
            ),
        ),
    ),
)


def _given_case(dice: random.Random) -> Case:
    prompt = dice.randint(2, 60)
    return {
        "prompt_length": prompt,
        "header_length": dice.randint(1, prompt),
        "mask": dice.choice(["prompt", "prompt_without_header"]),
    }


must_be_given = Exercise(
    "must_be_given",
    (
        {"prompt_length": 9, "header_length": 4, "mask": "prompt"},
        {"prompt_length": 9, "header_length": 4, "mask": "prompt_without_header"},
    ),
    _given_case,
    (
        Property(
            "It is a number of the prompt's tokens.",
            lambda answer, prompt_length, header_length, mask: (
                answer == int(answer) and 0 <= answer <= prompt_length
            ),
        ),
        Property(
            "A header that was masked has to be given.",
            lambda answer, prompt_length, header_length, mask: (
                mask != "prompt" or answer == prompt_length
            ),
        ),
        Property(
            "A header that was supervised is left to the model, and all before it is given.",
            lambda answer, prompt_length, header_length, mask: (
                mask == "prompt" or answer + header_length == prompt_length
            ),
        ),
    ),
)

EXERCISES = (mask_prompt, mask_turns, response_loss, must_be_given)
