"""Batches with a fault, each beside its correct twin: what must be named, and what must not.

`TWINS`: by name, the batch, what is declared of it, its codes in order, and what differs in the
twin, of which nothing is found. A test of every rule looks for its code here, too.
"""

import numpy as np

I = -100  # noqa: E741  # the ignore index, as narrow as an id
ENDS = {"end_id": 9, "pad_id": 0}
PLAIN = {"input_ids": [[11, 12, 13, 9], [21, 9, 0, 0]], "labels": [[11, 12, 13, 9], [21, 9, I, I]]}
ATTENDED = [[1, 1, 1, 1], [1, 1, 0, 0]]
SAME_IDS = {  # pad and end
    "input_ids": [[11, 12, 13, 9], [21, 9, 9, 9]],
    "labels": [[11, 12, 13, 9], [21, 9, I, I]],
    "attention_mask": [[1, 1, 1, 1], [1, 1, 0, 0]],
}
PACKED = {
    "input_ids": [[11, 12, 9, 21, 22, 23, 9]],
    "labels": [[11, 12, 9, I, 22, 23, 9]],
    "position_ids": [[0, 1, 2, 0, 1, 2, 3]],
}
TURNS = {  # Gemma's: 2 begins, 105 opens a turn, 106 ends it, 107 is a line break
    "input_ids": [[2, 105, 77, 88, 106, 107], [2, 105, 78, 106, 107, 0]],
    "labels": [[I, I, 77, 88, 106, 107], [I, I, 78, 106, 107, I]],
}
LEFT = {
    "input_ids": [[0, 0, 21, 9], [11, 12, 13, 9]],
    "labels": [[I, I, 21, 9], [11, 12, 13, 9]],
    "attention_mask": [[0, 0, 1, 1], [1, 1, 1, 1]],
    "position_ids": [[0, 0, 0, 1], [0, 1, 2, 3]],
}
NUMBERS = np.array([0, 0, 0, 1, 1, 1, 1])  # of the texts of a pack
BLOCKS = np.tril(np.equal.outer(NUMBERS, NUMBERS))
ROLLED = {"tokens": PLAIN["input_ids"], "labels": [[12, 13, 9, I], [9, I, I, I]]}
MASKED = {"input_ids": PLAIN["input_ids"], "loss_mask": [[0, 0, 1, 1], [0, 1, 0, 0]]}

TWINS = {
    "the end of a turn is ignored, and the line break behind it is not": (
        TURNS | {"labels": [[I, I, 77, 88, I, 107], [I, I, 78, I, 107, I]]},
        {"end_id": 106, "pad_id": 0},
        ["end-ignored"],
        {"labels": TURNS["labels"]},
    ),
    "the end of a turn is ignored, and the line break, too": (
        TURNS | {"labels": [[I, I, 77, 88, I, I], [I, I, 78, I, I, I]]},
        {"end_id": 106, "pad_id": 0},
        ["end-ignored"],
        {"labels": [[I, I, 77, 88, 106, I], [I, I, 78, 106, I, I]]},
    ),
    "pad and end are one id, found by value in labels and attention": (
        SAME_IDS
        | {
            "labels": [[11, 12, 13, I], [21, I, I, I]],
            "attention_mask": [[1, 1, 1, 0], [1, 0, 0, 0]],
        },
        {"end_id": 9},
        ["end-hidden"],
        {"labels": SAME_IDS["labels"], "attention_mask": SAME_IDS["attention_mask"]},
    ),
    "pad and end are one id, found by value in the labels alone": (
        SAME_IDS | {"labels": [[11, 12, 13, I], [21, I, I, I]]},
        {"end_id": 9},
        ["end-ignored"],
        {"labels": SAME_IDS["labels"]},
    ),
    "a beginning that is declared and missing": (
        {"input_ids": [[1, 12, 9], [21, 22, 9]], "labels": [[1, 12, 9], [21, 22, 9]]},
        ENDS | {"begin_id": 1},
        ["begin-missing"],
        {"input_ids": [[1, 12, 9], [1, 22, 9]], "labels": [[1, 12, 9], [1, 22, 9]]},
    ),
    "two alike at the start of every row": (
        {"input_ids": [[1, 1, 12, 9], [1, 1, 22, 9]], "labels": [[1, 1, 12, 9], [1, 1, 22, 9]]},
        ENDS,
        ["begins-alike"],
        {"input_ids": [[1, 1, 12, 9], [1, 2, 22, 9]], "labels": [[1, 1, 12, 9], [1, 2, 22, 9]]},
    ),
    "a loss mask that is 0 throughout": (
        PLAIN | {"loss_mask": [[0, 0, 0, 0]] * 2},
        ENDS,
        ["nothing-supervised"],
        {"loss_mask": [[1, 1, 1, 1]] * 2},
    ),
    "a loss mask that leaves the end out, though the labels keep it": (
        PLAIN | {"loss_mask": [[1, 1, 1, 0], [1, 0, 0, 0]]},
        ENDS,
        ["end-ignored"],
        {"loss_mask": [[0, 1, 1, 1], [0, 1, 0, 0]]},
    ),
    "a loss mask that may speak of the next token": (
        MASKED | {"loss_mask": [[0, 1, 1, 0], [1, 0, 0, 0]]},
        ENDS,
        ["loss-mask-undetermined"],
        {"loss_mask": [[0, 1, 1, 1], [1, 1, 0, 0]]},
    ),
    "a completion mask is of the token in its place": (
        {"input_ids": PLAIN["input_ids"], "completion_mask": [[0, 1, 1, 0], [0, 1, 0, 0]]},
        ENDS,
        ["end-ignored"],
        {"completion_mask": [[0, 1, 1, 1], [0, 1, 0, 0]]},
    ),
    "the end token twice": (
        {"input_ids": [[11, 12, 9, 9], [21, 9, 9, 0]], "labels": [[11, 12, 9, 9], [21, 9, 9, I]]},
        ENDS,
        ["ends-twice"],
        {
            "input_ids": [[11, 12, 13, 9], [21, 22, 9, 0]],
            "labels": [[11, 12, 13, 9], [21, 22, 9, I]],
        },
    ),
    "the end token twice, with a line break between": (
        {"input_ids": [[11, 12, 9, 7, 9]], "labels": [[11, 12, 9, 7, 9]]},
        ENDS,
        ["ends-twice"],
        {"input_ids": [[11, 12, 13, 9, 7]], "labels": [[11, 12, 13, 9, 7]]},
    ),
    "an end of turn that is none of the ends": (
        {"input_ids": [[5, 11, 12, 8]], "labels": [[5, 11, 12, 8]]},
        {"end_id": 9, "pad_id": 0},
        ["no-end-token"],
        {"input_ids": [[5, 11, 8, 9]], "labels": [[5, 11, 8, 9]]},
    ),
    "targets that were rolled": (
        ROLLED | {"labels": np.roll(PLAIN["input_ids"], -1, axis=1)},
        ENDS,
        ["target-wrapped", "padding-supervised"],
        {"labels": ROLLED["labels"]},
    ),
    "targets that were rolled over all rows as one": (
        ROLLED | {"labels": np.roll(PLAIN["input_ids"], -1)},
        ENDS,
        ["target-wrapped", "padding-supervised"],
        {"labels": ROLLED["labels"]},
    ),
    "an attention mask that is inverted": (
        PLAIN | {"attention_mask": [[0, 0, 0, 0], [0, 0, 1, 1]]},
        ENDS,
        ["attention-inverted"],
        {"attention_mask": ATTENDED},
    ),
    "an attention mask that is inverted, of padding on the left": (
        LEFT | {"attention_mask": [[1, 1, 0, 0], [0, 0, 0, 0]]},
        ENDS,
        ["attention-inverted"],
        {"attention_mask": LEFT["attention_mask"]},
    ),
    "0 where a supervised token stands": (
        PLAIN | {"attention_mask": [[1, 0, 1, 1], [1, 1, 0, 0]]},
        ENDS,
        ["attention-hides-text"],
        {"attention_mask": ATTENDED},
    ),
    "0 on the prompt, since the labels' mask was passed for attention": (
        {
            "input_ids": [[11, 12, 13, 14, 9], [21, 22, 23, 24, 9]],
            "labels": [[I, I, 13, 14, 9], [I, I, 23, 24, 9]],
            "attention_mask": [[0, 0, 1, 1, 1]] * 2,
        },
        ENDS,
        ["attention-hides-text"],
        {"attention_mask": [[1, 1, 1, 1, 1]] * 2},
    ),
    "1 on pads before the text": (
        LEFT | {"attention_mask": [[1, 1, 1, 1]] * 2},
        ENDS,
        ["attention-covers-pads"],
        {"attention_mask": LEFT["attention_mask"]},
    ),
    "a mask that shows each token its own target": (
        PLAIN | {"attention_mask": np.ones((2, 1, 4, 4))},
        ENDS,
        ["future-seen"],
        {"attention_mask": np.tril(np.ones((2, 1, 4, 4)))},
    ),
    "a mask of no known form": (
        PLAIN | {"attention_mask": {"full": 1}},
        ENDS,
        ["attention-unread"],
        {"attention_mask": None},
    ),
    "positions that stand still": (
        PACKED | {"position_ids": [[0, 0, 0, 0, 0, 0, 0]], "seq_idx": [[0, 0, 0, 1, 1, 1, 1]]},
        ENDS,
        ["positions-wrong"],
        {"position_ids": PACKED["position_ids"]},
    ),
    "positions that leave numbers out": (
        PLAIN | {"position_ids": [[0, 1, 5, 6], [0, 1, 0, 0]]},
        ENDS,
        ["positions-jump"],
        {"position_ids": [[0, 1, 2, 3], [0, 1, 0, 0]]},
    ),
    "positions that count the pads before the text": (
        LEFT | {"position_ids": [[0, 1, 2, 3]] * 2},
        ENDS,
        ["positions-count-pads"],
        {"position_ids": LEFT["position_ids"]},
    ),
    "borders that contradict each other": (
        PACKED | {"cu_seq_lens_q": [0, 4, 7]},
        ENDS,
        ["borders-contradict"],
        {"cu_seq_lens_q": [0, 3, 7]},
    ),
    "a longest text that is longer than it is said to be": (
        PACKED | {"cu_seq_lens_q": [0, 3, 7], "max_length_q": 3},
        ENDS,
        ["borders-contradict"],
        {"max_length_q": 4},
    ),
}

LAYOUTS = {
    # Each is one correct batch in another form; the audit has nothing to say of any.
    "bool": PLAIN | {"attention_mask": np.array(ATTENDED, dtype=bool)},
    "float": PLAIN | {"attention_mask": np.array(ATTENDED, dtype=float)},
    "0 and -inf": PLAIN | {"attention_mask": np.where(ATTENDED, 0, -np.inf)},
    "keys alone": PLAIN | {"attention_mask": np.array(ATTENDED, dtype=bool)[:, None, None]},
    "of 1 over right padding": PLAIN | {"attention_mask": [[1] * 4] * 2},
    "of 1 over right padding, which is the end": SAME_IDS | {"attention_mask": [[1] * 4] * 2},
    "by value, of the last end": SAME_IDS | {"attention_mask": [[1, 1, 1, 0], [1, 0, 0, 0]]},
    "causal, of four dimensions": PLAIN
    | {"attention_mask": np.tril(np.array(ATTENDED, dtype=bool)[:, None, None].repeat(4, 2))},
    "causal, 0 and -inf": PLAIN | {"attention_mask": np.triu(np.full((2, 1, 4, 4), -np.inf), 1)},
    "causal, for all rows": PLAIN | {"attention_mask": np.tril(np.ones((1, 1, 4, 4)))},
    "Megatron's, True for what is hidden": {
        "tokens": PLAIN["input_ids"],
        "labels": [[12, 13, 9, 0], [9, 0, 0, 0]],
        "loss_mask": [[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]],
        "attention_mask": np.triu(np.ones((1, 1, 4, 4), dtype=bool), 1),
        "position_ids": [[0, 1, 2, 3]],
    },
    "left padding": LEFT,
    "left padding, a pad sees all": LEFT
    | {
        "attention_mask": np.array(
            [
                [[[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 1, 0], [0, 0, 1, 1]]],
                [np.tril(np.ones((4, 4))).tolist()],
            ]
        )
    },
    "positions": PACKED,
    "positions of three kinds": PACKED | {"position_ids": np.array([PACKED["position_ids"]] * 3)},
    "numbered": PACKED | {"position_ids": None, "attention_mask": [[1, 1, 1, 2, 2, 2, 2]]},
    "cu_seq_lens": PACKED | {"position_ids": None, "cu_seq_lens_q": np.array([0, 3, 7], np.int32)},
    "cu_seqlens, filled up": PACKED | {"position_ids": None, "cu_seqlens": [[0, 3, 7, -1, -1]]},
    "seq_idx": PACKED | {"position_ids": None, "seq_idx": [[0, 0, 0, 1, 1, 1, 1]]},
    "seq_lens": PACKED | {"position_ids": None, "seq_lens": [[3, 4]]},
    "blocks": PACKED | {"position_ids": None, "attention_mask": BLOCKS[None, None]},
    "all at once": PACKED
    | {
        "cu_seq_lens_q": [0, 3, 7],
        "cu_seq_lens_k": [0, 3, 7],
        "max_length_q": 4,
        "seq_idx": [[0, 0, 0, 1, 1, 1, 1]],
        "attention_mask": BLOCKS[None, None],
    },
    "positions that only count on beside borders": PACKED
    | {"position_ids": [[0, 1, 2, 3, 4, 5, 6]], "cu_seq_lens_q": [0, 3, 7]},
    "an end of turn and one of text": {
        "input_ids": [[5, 11, 12, 8], [5, 11, 8, 9]],
        "labels": [[5, 11, 12, 8], [5, 11, 8, I]],
    },
}
