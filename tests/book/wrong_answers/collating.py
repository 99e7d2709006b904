"""Answers to the exercises of chapter 07 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

_LISTS = """
def collate_lists(batch, end_id):
    width = max(len(ids) for ids in batch)
    inputs, targets = [], []
    for ids in batch:
        missing = width - len(ids)
        inputs.append({inputs})
        targets.append({targets})
    return inputs, targets
"""
_GOOD_INPUTS = "ids + [end_id] * missing"
_GOOD_TARGETS = "ids[1:] + [end_id] + [-100] * missing"

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "collate_lists": [
        (_LISTS.format(inputs="ids + [-100] * missing", targets=_GOOD_TARGETS), "never -100"),
        (
            _LISTS.format(inputs=_GOOD_INPUTS, targets="ids + [-100] * missing"),
            "the token that follows",
        ),
        (
            _LISTS.format(inputs=_GOOD_INPUTS, targets="ids[1:] + [-100] * (missing + 1)"),
            "the target is the end token",
        ),
        (
            _LISTS.format(inputs=_GOOD_INPUTS, targets="ids[1:] + [end_id] * (missing + 1)"),
            "All targets after that one are ignored",
        ),
        (
            _LISTS.format(
                inputs="ids + [end_id] * (missing + 1)", targets=_GOOD_TARGETS + " + [-100]"
            ),
            "as wide as the longest text",
        ),
    ],
    "keep_end": [
        (
            "def keep_end(ids, max_length, end_id):\n    return (ids + [end_id])[: max_length + 1]",
            "It ends with the end token",
        ),
        (
            "def keep_end(ids, max_length, end_id):\n    return ids[: max_length - 1] + [end_id]",
            "No more of the text is cut",
        ),
        (
            "def keep_end(ids, max_length, end_id):\n    return ids + [end_id]",
            "at most one id more",
        ),
    ],
    "lost_responses": [
        (
            "def lost_responses(prompt_lengths, max_length):\n"
            "    return [r for r, n in enumerate(prompt_lengths) if n >= max_length]",
            "keeps the first of its response",
        ),
        (
            "def lost_responses(prompt_lengths, max_length):\n"
            "    return [r for r, n in enumerate(prompt_lengths) if n > max_length + 1]",
            "fills all that fits",
        ),
        (
            "def lost_responses(prompt_lengths, max_length):\n"
            "    return [n for n in prompt_lengths if n > max_length]",
            "list of row numbers",
        ),
    ],
    "supervised_share": [
        (
            "def supervised_share(targets):\n"
            "    flat = [t for row in targets for t in row]\n"
            "    return sum(t == -100 for t in flat) / len(flat)",
            "every target is ignored, the share is 0",
        ),
        (
            "def supervised_share(targets):\n"
            "    flat = [t for row in targets for t in row]\n"
            "    return sum(t > 0 for t in flat) / len(flat)",
            "a target 0 is a token",
        ),
        (
            "def supervised_share(targets):\n"
            "    return sum(t != -100 for row in targets for t in row)",
            "between 0 and 1",
        ),
    ],
}
