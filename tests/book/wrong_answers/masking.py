"""Answers to the exercises of chapter 06 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

_PROMPT = """
def mask_prompt(targets, prompt_lengths):
    return [[-100] * len(row[:({n})]) + row[({n}):] for row, n in zip(targets, prompt_lengths)]
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "mask_prompt": [
        (_PROMPT.replace("({n})", "n"), "The first token of the response stays"),
        (_PROMPT.replace("({n})", "n - 1"), "without a prompt loses no target"),
        (_PROMPT.replace("({n})", "max(n - 2, 0)"), "token of the prompt is -100"),
        (
            "def mask_prompt(targets, prompt_lengths):\n"
            "    return [row[max(n - 1, 0):] for row, n in zip(targets, prompt_lengths)]",
            "as many rows and columns",
        ),
    ],
    "mask_turns": [
        (
            "def mask_turns(row, spans):\n"
            "    return [t if any(a <= j < b for a, b in spans) else -100\n"
            "            for j, t in enumerate(row)]",
            "first position stays a target",
        ),
        (
            "def mask_turns(row, spans):\n"
            "    return [t if any(a <= j + 1 <= b for a, b in spans) else -100\n"
            "            for j, t in enumerate(row)]",
            "stop is outside",
        ),
        (
            "def mask_turns(row, spans):\n"
            "    if not spans:\n"
            "        return [-100] * len(row)\n"
            "    (a, _), (_, b) = spans[0], spans[-1]\n"
            "    return [t if a <= j + 1 < b else -100 for j, t in enumerate(row)]",
            "ignored unless another span",
        ),
    ],
    "response_loss": [
        (
            "def response_loss(losses, prompt_length):\n    return sum(losses) / len(losses)",
            "between the smallest and the largest loss of the response",
        ),
        (
            "def response_loss(losses, prompt_length):\n"
            "    graded = losses[max(prompt_length - 1, 0):]\n"
            "    return sum(graded[:-1] or graded) / len(graded[:-1] or graded)",
            "mean of all",
        ),
        (
            "def response_loss(losses, prompt_length):\n"
            "    graded = losses[prompt_length:] or losses[-1:]\n"
            "    return sum(graded) / len(graded)",
            "from its first token to the end token",
        ),
    ],
    "must_be_given": [
        (
            "def must_be_given(prompt_length, header_length, mask):\n    return prompt_length",
            "left to the model",
        ),
        (
            "def must_be_given(prompt_length, header_length, mask):\n"
            "    return prompt_length - header_length",
            "A header that was masked has to be given",
        ),
        (
            "def must_be_given(prompt_length, header_length, mask):\n"
            "    return header_length + prompt_length",
            "number of the prompt's tokens",
        ),
    ],
}
