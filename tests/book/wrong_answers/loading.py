"""Answers to the exercises of chapter 10 that learners really give, each wrong in its own way.


By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "worker_batches": [
        (
            "def worker_batches(batches, workers):\n"
            "    return [batch % workers for batch in range(batches)]",
            "one list for each worker",
        ),
        (
            "def worker_batches(batches, workers):\n"
            "    return [list(range(batches)) for _ in range(workers)]",
            "by one worker alone",
        ),
        (
            "def worker_batches(batches, workers):\n"
            "    share = batches // workers\n"
            "    return [list(range(w * share, (w + 1) * share)) for w in range(workers)]",
            "Every batch is made",
        ),
        (
            "def worker_batches(batches, workers):\n"
            "    share = -(-batches // workers)\n"
            "    return [list(range(batches))[w * share:(w + 1) * share]\n"
            "            for w in range(workers)]",
            "take turns",
        ),
        (
            "def worker_batches(batches, workers):\n"
            "    return [[b for b in range(batches) if (b + 1) % workers == w]\n"
            "            for w in range(workers)]",
            "by the first worker",
        ),
    ],
    "move_batch": [
        (
            "def move_batch(batch, device):\n    return [part.to(device) for part in batch]",
            "raises AttributeError",
        ),
        (
            "def move_batch(batch, device):\n"
            "    if isinstance(batch, torch.Tensor):\n"
            "        return batch.to(device)\n"
            "    if isinstance(batch, dict):\n"
            "        return {name: move_batch(part, device) for name, part in batch.items()}\n"
            "    if isinstance(batch, (list, tuple)):\n"
            "        return tuple(move_batch(part, device) for part in batch)\n"
            "    return batch",
            "type of the batch",
        ),
        (
            "def move_batch(batch, device):\n"
            "    if isinstance(batch, torch.Tensor):\n"
            "        batch.to(device)\n"
            "    return batch",
            "Every tensor is on the device",
        ),
        (
            "def move_batch(batch, device):\n"
            "    if isinstance(batch, dict):\n"
            "        batch = list(batch.values())\n"
            "    if isinstance(batch, (list, tuple)):\n"
            "        return [move_batch(part, device) for part in batch]\n"
            "    return torch.as_tensor(0 if isinstance(batch, str) else batch).to(device)",
            "the parts of what went in",
        ),
        (
            "def move_batch(batch, device):\n"
            "    if isinstance(batch, dict):\n"
            "        return {name: move_batch(part, device) for name, part in batch.items()}\n"
            "    if isinstance(batch, (list, tuple)):\n"
            "        return [move_batch(part, device) for part in batch]\n"
            "    return batch.to(device) if isinstance(batch, torch.Tensor) else None",
            "not a tensor is left as it is",
        ),
    ],
    "step_time": [
        (
            "def step_time(make, step, fee, workers):\n"
            "    return make + step + fee if workers == 0 else max(step + fee, make / workers)",
            "no fee is due",
        ),
        (
            "def step_time(make, step, fee, workers):\n"
            "    return make + step if workers == 0 else max(step, make / workers)",
            "it is added to the step",
        ),
        (
            "def step_time(make, step, fee, workers):\n"
            "    return step + fee if workers else make + step",
            "no quicker than the batches come",
        ),
        (
            "def step_time(make, step, fee, workers):\n"
            "    return step + fee + make / workers if workers else make + step",
            "nothing is counted twice",
        ),
    ],
}
