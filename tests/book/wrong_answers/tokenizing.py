"""Answers to the exercises of chapter 02 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "byte_ids": [
        (
            "def byte_ids(text):\n    return [ord(character) for character in text]",
            "256 numbers that a byte can be",
        ),
        (
            "def byte_ids(text):\n    return list(text.encode('utf-16'))",
            "it is the letter's code",
        ),
        (
            "def byte_ids(text):\n    return list(text.encode('ascii', 'ignore'))",
            "No character is lost",
        ),
        (
            "def byte_ids(text):\n    return list(text.encode('ascii', 'replace'))",
            "the ids are the text again",
        ),
    ],
    "decode_tokens": [
        (
            "def decode_tokens(tokens):\n"
            "    return ''.join(token.decode(errors='replace') for token in tokens)",
            "is one character",
        ),
        (
            "def decode_tokens(tokens):\n"
            "    return ''.join(token.decode(errors='ignore') for token in tokens)",
            "is one character",
        ),
        (
            "def decode_tokens(tokens):\n"
            "    return ' '.join(token.decode(errors='replace') for token in tokens)",
            "nothing is put in",
        ),
        (
            "def decode_tokens(tokens):\n    return b''.join(tokens).decode('latin-1')",
            "is read as them",
        ),
        ("def decode_tokens(tokens):\n    return b''.join(tokens)", "The answer is text"),
    ],
    "next_join": [
        (
            "def next_join(pieces, ranks):\n"
            "    for i in range(len(pieces) - 1):\n"
            "        if pieces[i] + pieces[i + 1] in ranks:\n"
            "            return i\n"
            "    return -1",
            "has a lower rank",
        ),
        (
            "def next_join(pieces, ranks):\n"
            "    joins = [a + b for a, b in pairwise(pieces)]\n"
            "    known = [join for join in joins if join in ranks]\n"
            "    return joins.index(max(known, key=len)) if known else -1",
            "has a lower rank",
        ),
        (
            "def next_join(pieces, ranks):\n"
            "    joins = [ranks.get(a + b, 0) for a, b in pairwise(pieces)]\n"
            "    return joins.index(min(joins)) if joins else -1",
            "no two neighbours can be joined",
        ),
        (
            "def next_join(pieces, ranks):\n"
            "    found = [ranks[a + b] for a, b in pairwise(pieces) if a + b in ranks]\n"
            "    return min(found, default=-1)",
            "a place that has a right neighbour",
        ),
        (
            "def next_join(pieces, ranks):\n"
            "    found = [(-ranks[a + b], i) for i, (a, b) in enumerate(pairwise(pieces))\n"
            "             if a + b in ranks]\n"
            "    return max(found)[1] if found else -1",
            "the left one comes first",
        ),
    ],
    "response_start": [
        (
            "def response_start(prompt_ids, joint_ids):\n    return len(prompt_ids)",
            "no more than there are in either list",
        ),
        (
            "def response_start(prompt_ids, joint_ids):\n"
            "    return min(len(prompt_ids), len(joint_ids))",
            "are the prompt's own",
        ),
        (
            "def response_start(prompt_ids, joint_ids):\n"
            "    return sum(a == b for a, b in zip(prompt_ids, joint_ids))",
            "are the prompt's own",
        ),
        (
            "def response_start(prompt_ids, joint_ids):\n"
            "    return min(len(prompt_ids) - 1, len(joint_ids))",
            "it is their number",
        ),
        (
            "def response_start(prompt_ids, joint_ids):\n"
            "    whole = joint_ids[: len(prompt_ids)] == prompt_ids\n"
            "    return len(prompt_ids) if whole else 0",
            "than has changed",
        ),
    ],
    "chat_ids": [
        (
            "def chat_ids(turns, marks):\n"
            "    text = ''.join(f'<|{role}|>{said}<|end|>' for role, said in turns)\n"
            "    ids = []\n"
            "    for part in re.split(r'(<\\|\\w+\\|>)', text):\n"
            "        mark = marks.get(part[2:-2]) if part.startswith('<|') else None\n"
            "        ids += list(part.encode()) if mark is None else [mark]\n"
            "    return ids",
            "makes no mark",
        ),
        (
            "def chat_ids(turns, marks):\n"
            "    text = ''.join(f'<|{role}|>{said}<|end|>' for role, said in turns)\n"
            "    return list(text.encode())",
            "begins with the mark of its role",
        ),
        (
            "def chat_ids(turns, marks):\n"
            "    ids = []\n"
            "    for role, said in turns:\n"
            "        ids += [marks[role], *said.encode()]\n"
            "    return ids + [marks['end']]",
            "the last one too",
        ),
        (
            "def chat_ids(turns, marks):\n"
            "    ids = []\n"
            "    for role, said in turns:\n"
            "        ids += [marks[role], *said.strip().encode(), marks['end']]\n"
            "    return ids",
            "byte for byte",
        ),
        (
            "def chat_ids(turns, marks):\n"
            "    ids = []\n"
            "    for role, said in turns:\n"
            "        ids += [marks[role], *map(ord, said), marks['end']]\n"
            "    return ids",
            "a byte or one of the marks",
        ),
    ],
}
