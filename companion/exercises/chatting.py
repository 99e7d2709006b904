"""The exercises of chapter 13. The truths here are plain loops, and share no code with
`companion.chatting`.
"""

import random
from typing import Any

from companion.exercises.making import Case, Exercise, Property

WORDS = ("Hi", "Yes.", "two\nlines", " a space before", "no end", "3 + 4", "user", "")


def _talk(dice: random.Random, least: int = 1) -> list[str]:
    """Give the roles of a conversation: perhaps a system message, then exchanges."""
    roles = ["system"] if dice.random() < 0.4 else []
    for _ in range(dice.randint(least, 4)):
        roles.append("user")
        roles += ["assistant", "tool"] * (dice.random() < 0.25) + ["assistant"]
    return roles


def _messages_case(dice: random.Random) -> Case:
    return {"messages": [{"role": r, "content": dice.choice(WORDS)} for r in _talk(dice)]}


def _chatml(messages: list[dict[str, str]]) -> str:
    text = ""
    for message in messages:
        text += "<|im_start|>"
        text += message["role"]
        text += "\n"
        text += message["content"]
        text += "<|im_end|>"
        text += "\n"
    return text


chatml = Exercise(
    "chatml",
    (
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": " Hi "}, {"role": "assistant", "content": "Ho"}]},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": ""}]},
    ),
    _messages_case,
    (
        Property(
            "The answer is one text, and what was said stands in it as it was said.",
            lambda answer, messages: all(message["content"] in answer for message in messages),
        ),
        Property(
            "There are as many turns as messages, and each begins with its role and a line break.",
            lambda answer, messages: (
                [part.split("\n")[0] for part in answer.split("<|im_start|>")[1:]]
                == [message["role"] for message in messages]
            ),
        ),
        Property(
            "Each turn ends with its end and a line break, the last one, too.",
            lambda answer, messages: (
                answer.count("<|im_end|>\n") == len(messages) and answer.endswith("<|im_end|>\n")
            ),
        ),
        Property(
            "There is nothing else in the text.",
            lambda answer, messages: answer == _chatml(messages),
        ),
    ),
)


def _turns_case(dice: random.Random) -> Case:
    after = dice.randint(0, 1)
    return {
        "turns": [(role, dice.randint(1, 4), dice.randint(0, 5), 1, after) for role in _talk(dice)],
    }


Turns = list[tuple[str, int, int, int, int]]


def _spans(turns: Turns) -> list[tuple[int, int]]:
    found = []
    place = 0
    for role, header, text, end, after in turns:
        place += header
        if role == "assistant":
            found.append((place, place + text + end))
        place += text + end + after
    return found


def _pairs(answer: Any) -> list[tuple[int, int]]:
    return [(int(start), int(stop)) for start, stop in answer]


answer_spans = Exercise(
    "answer_spans",
    (
        {"turns": [("assistant", 3, 2, 1, 1)]},
        {"turns": [("user", 3, 2, 1, 1), ("assistant", 4, 2, 1, 1)]},
        {"turns": [("user", 3, 0, 1, 0), ("assistant", 3, 0, 1, 0), ("tool", 3, 2, 1, 0)]},
        {"turns": [(role, 3, 1, 1, 1) for role in ("user", "assistant", "user", "assistant")]},
    ),
    _turns_case,
    (
        Property(
            "There is one span for each turn of the assistant, and none for another.",
            lambda answer, turns: (
                len(_pairs(answer)) == sum(role == "assistant" for role, *_ in turns)
            ),
        ),
        Property(
            "A span begins after its own header, wherever in the text that is.",
            lambda answer, turns: (
                [start for start, _ in _pairs(answer)] == [start for start, _ in _spans(turns)]
            ),
        ),
        Property(
            "The end of the turn is within its span.",
            lambda answer, turns: all(
                stop >= right
                for (_, stop), (_, right) in zip(_pairs(answer), _spans(turns), strict=True)
            ),
        ),
        Property(
            "What follows the end is outside.",
            lambda answer, turns: _pairs(answer) == _spans(turns),
        ),
    ),
)


def _beginning_case(dice: random.Random) -> Case:
    text = [dice.randint(2, 9) for _ in range(dice.randint(1, 5))]
    if dice.random() < 0.4:
        text.insert(dice.randint(1, len(text)), 1)
    return {"ids": [1] * dice.choice([0, 1, 2, 2, 3]) + text, "beginning": 1}


def _begun(ids: list[int], beginning: int) -> list[int]:
    place = 0
    while place < len(ids) and ids[place] == beginning:
        place += 1
    return [beginning, *ids[place:]]


one_beginning = Exercise(
    "one_beginning",
    (
        {"ids": [1, 5, 6], "beginning": 1},
        {"ids": [1, 1, 5, 6], "beginning": 1},
        {"ids": [5, 6], "beginning": 1},
        {"ids": [1, 1, 5, 1, 6], "beginning": 1},
    ),
    _beginning_case,
    (
        Property(
            "The answer begins with the beginning.",
            lambda answer, ids, beginning: next(iter(answer)) == beginning,
        ),
        Property(
            "It begins with it once.",
            lambda answer, ids, beginning: list(answer)[1] != beginning,
        ),
        Property(
            "Everything behind the beginning stays, in its order, whatever its id.",
            lambda answer, ids, beginning: list(answer) == _begun(ids, beginning),
        ),
    ),
)


def _texts_case(dice: random.Random) -> Case:
    texts = [""]
    for _ in range(dice.randint(1, 4)):
        texts.append(texts[-1] + dice.choice(["u", "a", "t"]) * dice.randint(1, 2))
    if dice.random() < 0.7:  # the template takes something back
        place = dice.randint(1, len(texts) - 1)
        texts[place:] = ["x" + text[1:] for text in texts[place:]]
    return {"texts": texts[1:]}


def _broken(texts: list[str]) -> int:
    for place in range(len(texts) - 1):
        if texts[place + 1][: len(texts[place])] != texts[place]:
            return place
    return -1


first_broken = Exercise(
    "first_broken",
    (
        {"texts": ["u"]},
        {"texts": ["u", "ua"]},
        {"texts": ["ut", "ua"]},
        {"texts": ["ut", "aut"]},
        {"texts": ["u", "uta", "uau", "uaua"]},
    ),
    _texts_case,
    (
        Property("The answer is a whole number.", lambda answer, texts: answer == int(answer)),
        Property(
            "Where every text is a beginning of the next, it is -1.",
            lambda answer, texts: _broken(texts) >= 0 or answer == -1,
        ),
        Property(
            "It is the number of a text, and what follows that text does not begin with it.",
            lambda answer, texts: (
                _broken(texts) < 0
                or (
                    0 <= answer < len(texts) - 1 and not texts[answer + 1].startswith(texts[answer])
                )
            ),
        ),
        Property(
            "It is the first such text.",
            lambda answer, texts: answer == _broken(texts),
        ),
    ),
)


def _drop_case(dice: random.Random) -> Case:
    roles = _talk(dice)
    lengths = [dice.randint(1, 9) for _ in roles]
    return {"roles": roles, "lengths": lengths, "limit": dice.randint(1, sum(lengths) + 2)}


def _exchanges(roles: list[str]) -> list[list[int]]:
    """Give the numbers of each exchange: a question, and all up to the next one."""
    found: list[list[int]] = []
    for number, role in enumerate(roles):
        if role == "user":
            found.append([])
        if found:
            found[-1].append(number)
    return found


def _kept(roles: list[str], lengths: list[int], limit: int) -> list[int]:
    system = [0] if roles[0] == "system" else []
    exchanges = _exchanges(roles)
    while True:
        kept = system + [number for exchange in exchanges for number in exchange]
        if len(exchanges) == 1 or sum(lengths[number] for number in kept) <= limit:
            return kept
        exchanges = exchanges[1:]


_TALK = ["system", "user", "assistant", "user", "assistant", "tool", "assistant"]

drop_oldest = Exercise(
    "drop_oldest",
    (
        {"roles": ["user", "assistant"], "lengths": [2, 3], "limit": 5},
        {"roles": ["user", "assistant"], "lengths": [2, 3], "limit": 4},
        {"roles": ["user", "assistant"] * 2, "lengths": [2, 3, 2, 3], "limit": 8},
        {"roles": _TALK, "lengths": [1, 2, 3, 2, 3, 2, 3], "limit": 13},
        {"roles": _TALK, "lengths": [1, 2, 3, 2, 3, 2, 3], "limit": 16},
    ),
    _drop_case,
    (
        Property(
            "The answer is a list of numbers of messages, in their order.",
            lambda answer, roles, lengths, limit: (
                list(answer) == sorted(set(answer)) and set(answer) <= set(range(len(roles)))
            ),
        ),
        Property(
            "A system message stays, and so does the last exchange.",
            lambda answer, roles, lengths, limit: (
                set(answer) >= {*_exchanges(roles)[-1], *([0] if roles[0] == "system" else [])}
            ),
        ),
        Property(
            "With a question go its answers and the results of tools, and with them the question.",
            lambda answer, roles, lengths, limit: all(
                not set(exchange) & set(answer) or set(exchange) <= set(answer)
                for exchange in _exchanges(roles)
            ),
        ),
        Property(
            "What stays fits, unless it is the last exchange and the system message alone.",
            lambda answer, roles, lengths, limit: (
                sum(lengths[number] for number in answer) <= limit
                or list(answer) == _kept(roles, lengths, 0)
            ),
        ),
        Property(
            "The oldest exchanges go, and no more of them than must.",
            lambda answer, roles, lengths, limit: list(answer) == _kept(roles, lengths, limit),
        ),
    ),
)

EXERCISES = (chatml, answer_spans, one_beginning, first_broken, drop_oldest)
