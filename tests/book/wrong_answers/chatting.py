"""Answers to the exercises of chapter 13 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

_CHATML = """
def chatml(messages):
    parts = [f"<|im_start|>{m['role']}\\n{m['content']}<|im_end|>" for m in messages]
    return JOIN
"""

_SPANS = """
def answer_spans(turns):
    spans, place = [], 0
    for role, header, text, end, after in turns:
        if role == "assistant":
            spans.append((START, STOP))
        place += header + text + end + after
    return spans
"""
_START, _STOP = "place + header", "place + header + text + end"

_DROP = """
def drop_oldest(roles, lengths, limit):
    kept = list(range(len(roles)))
    while sum(lengths[i] for i in kept) > limit and len(kept) > 1:
        kept.pop(WHICH)
    return kept
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "chatml": [
        (_CHATML.replace("JOIN", "'\\n'.join(parts)"), "the last one, too"),
        (_CHATML.replace("JOIN", "''.join(parts)"), "ends with its end and a line break"),
        (
            _CHATML.replace("m['content']", "m['content'].strip()").replace(
                "JOIN", "'\\n'.join(parts) + '\\n'"
            ),
            "as it was said",
        ),
        (
            _CHATML.replace("{m['role']}\\n", "{m['role']}: ").replace(
                "JOIN", "'\\n'.join(parts) + '\\n'"
            ),
            "begins with its role and a line break",
        ),
        (
            _CHATML.replace("JOIN", "'\\n\\n'.join(parts) + '\\n'"),
            "nothing else",
        ),
    ],
    "answer_spans": [
        (
            _SPANS.replace("START", _START).replace("STOP", "place + header + text"),
            "end of the turn is within",
        ),
        (_SPANS.replace("START", "place").replace("STOP", _STOP), "after its own header"),
        (
            _SPANS.replace("START", _START).replace("STOP", f"{_STOP} + after"),
            "What follows the end is outside",
        ),
        (
            _SPANS.replace('== "assistant"', '!= "user"')
            .replace("START", _START)
            .replace("STOP", _STOP),
            "none for another",
        ),
    ],
    "one_beginning": [
        ("def one_beginning(ids, beginning):\n    return [beginning, *ids]", "once"),
        (
            "def one_beginning(ids, beginning):\n"
            "    return [beginning] + [i for i in ids if i != beginning]",
            "Everything behind the beginning stays",
        ),
        (
            "def one_beginning(ids, beginning):\n"
            "    return ids[1:] if ids[:2] == [beginning, beginning] else ids",
            "begins with the beginning",
        ),
    ],
    "first_broken": [
        (
            "def first_broken(texts):\n"
            "    for i in range(len(texts) - 1):\n"
            "        if texts[i] not in texts[i + 1]:\n"
            "            return i\n"
            "    return -1",
            "does not begin with it",
        ),
        (
            "def first_broken(texts):\n"
            "    for i in range(len(texts)):\n"
            "        if not texts[-1].startswith(texts[i]):\n"
            "            return i\n"
            "    return -1",
            "does not begin with it",
        ),
        (
            "def first_broken(texts):\n"
            "    for i in range(len(texts) - 1):\n"
            "        if not texts[i + 1].startswith(texts[i]):\n"
            "            return i\n"
            "    return len(texts)",
            "it is -1",
        ),
    ],
    "drop_oldest": [
        (_DROP.replace("WHICH", "-1"), "the last exchange"),
        (_DROP.replace("WHICH", "0"), "A system message stays"),
        (
            "def drop_oldest(roles, lengths, limit):\n"
            "    last = max(i for i, role in enumerate(roles) if role == 'user')\n"
            "    first = [0] if roles[0] == 'system' else []\n"
            "    rest = list(range(len(first), len(roles)))\n"
            "    while rest[0] < last and sum(lengths[i] for i in first + rest) > limit:\n"
            "        rest.pop(0)\n"
            "    return first + rest",
            "With a question go its answers",
        ),
        (
            "def drop_oldest(roles, lengths, limit):\n"
            "    last = max(i for i, role in enumerate(roles) if role == 'user')\n"
            "    first = [0] if roles[0] == 'system' else []\n"
            "    if sum(lengths) <= limit:\n"
            "        return list(range(len(roles)))\n"
            "    return first + list(range(last, len(roles)))",
            "no more of them than must",
        ),
    ],
}
