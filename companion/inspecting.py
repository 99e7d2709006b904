"""Audit a whole loader, or a trainer before it trains: many batches, one report.

Takes a loader and gives what `audit` finds in its batches, summed up, with rows by their number
in the data set. What it leaves out: the training, and what a single batch can tell by itself
(`companion.auditing`). Chapter 08.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from tqdm import tqdm

from companion.adapting import adapt_tokenizer
from companion.auditing import audit_found
from companion.expecting import Expectation
from companion.findings import RULES, Finding, Findings, Report, name_places
from companion.tokenizing import Decode, gpt2_decode

BATCHES = 64
"""So many batches are audited where nothing else is said."""


@dataclass(frozen=True)
class LoaderReport(Report):
    """What was found in the batches of a loader; `rows` of a finding are numbers of the data set.

    `numbered`: "entry" where rows could be numbered so; else "row", counted as they came, from
    0. `tally`: of batches, rows, tokens, targets and supervised targets, and the padding share.
    """

    numbered: str = "row"

    @property
    def headline(self) -> str:
        """One sentence: how many findings of each severity, and the tally."""
        tally = self.tally
        return (
            f"{self.severities}; {tally['batches']:,} batches, {tally['rows']:,} rows, "
            f"{tally['padding_share']:.1%} padding; {tally['supervised']:,} of "
            f"{tally['targets']:,} targets supervised"
        )

    def __str__(self) -> str:
        return "\n".join([f"audit of a loader: {self.headline}", *map(str, self.findings)])

    __repr__ = __str__


def audit_loader(
    loader: Iterable[Any],
    batches: int | None = BATCHES,
    *,
    expect: Expectation | None = None,
    tokenizer: Any = None,
    decode: Decode | None = gpt2_decode,
    progress: bool = False,
) -> LoaderReport:
    """Give the report on the first batches of a loader; None for all of them.

    `loader`: a `DataLoader`, or anything that gives batches, as `audit` takes them. A
    `DataLoader` is not run: what its sampler chooses is fetched and collated here, in this
    process, and the states of the random generators are as they were. Then `rows` are
    numbers of the data set; of batches whose rows are not its entries, packs for example, rows
    are counted as they come. `expect`, `tokenizer`, `decode`: as in `audit`; but spans, which
    are of one batch, cannot be declared. `progress`: a bar on stderr.

    Raises what `audit` raises, with the number of the batch, and `ValueError` for no batches.

    >>> from companion import Collator
    >>> rows = [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]
    >>> report = audit_loader([Collator()(rows[:2]), Collator()(rows[2:])])
    >>> report
    audit of a loader: nothing found; 2 batches, 3 rows, 15.4% padding; 10 of 13 targets supervised
    """
    if expect is not None and getattr(expect, "spans", None) is not None:
        raise ValueError("spans are declared for one batch; declare the style for a loader")
    if batches is not None and batches < 1:
        raise ValueError(f"batches is at least 1, or None for all; found {batches}")
    adapted = None if tokenizer is None else adapt_tokenizer(tokenizer)
    # Whether all rows have a number in the data set is known at the end, so both are kept.
    as_entries: Findings | None = Findings(0, None)
    as_rows, said = Findings(0, None), dict[str, list[int]]()
    sums = dict.fromkeys(_SUMMED, 0)
    with _undisturbed(loader):
        taken = islice(_numbered_batches(loader), batches)
        for number, (entries, batch) in enumerate(tqdm(taken, total=batches, disable=not progress)):
            try:
                found, tally = audit_found(batch, expect=expect, tokenizer=adapted, decode=decode)
            except (TypeError, ValueError) as error:
                raise type(error)(f"batch {number}: {error}") from None
            height, width = tally["shape"]
            if entries is None or len(entries) != height:
                as_entries = None
            elif as_entries is not None:
                as_entries.take(found, entries)
            as_rows.take(found, range(sums["rows"], sums["rows"] + height))
            for code in found.codes:
                said.setdefault(code, []).append(number)
            sums["batches"] += 1
            sums["rows"] += height
            sums["slots"] += height * width
            for name in ("tokens", "targets", "supervised"):
                sums[name] += tally[name]
    if not sums["batches"]:
        raise ValueError("the loader gives no batch to audit")
    share = 1 - sums["tokens"] / sums["slots"]
    total = as_rows if as_entries is None else as_entries
    total.rows = sums["rows"]
    words = ("Row", "Rows") if as_entries is None else ("Entry", "Entries")
    findings = _of_all(total.worded(*words), said, sums["batches"], share)
    return LoaderReport(tuple(findings), {**sums, "padding_share": share}, words[0].lower())


_SUMMED = ("batches", "rows", "slots", "tokens", "targets", "supervised")


def _of_all(
    findings: Iterable[Finding], said: Mapping[str, Sequence[int]], batches: int, share: float
) -> Iterator[Finding]:
    """Have findings that speak of a batch as a whole name it.

    The shift is known where one batch tells it, and padding is that of all batches together.
    """
    for finding in findings:
        code, sentence = finding.code, RULES[finding.code].sentence
        if code == "mostly-padding":
            if share > 1 / 2:
                of_all = sentence.format(share=f"{share:.0%}").replace("this batch", "all batches")
                yield replace(finding, sentence=of_all)
        elif "{where}" in sentence:
            yield finding
        elif code != "shift-undetermined" or len(said[code]) == batches:
            named = name_places(said[code], batches, "Batch", "Batches")
            yield replace(finding, sentence=f"{named}: {finding.sentence}")


def _numbered_batches(loader: Any) -> Iterator[tuple[list[int] | None, Any]]:
    """Give each batch with the numbers of its entries in the data set, or None."""
    from torch.utils.data import IterableDataset

    sampler, dataset = getattr(loader, "batch_sampler", None), getattr(loader, "dataset", None)
    collate = getattr(loader, "collate_fn", None)
    streams = isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__")
    if sampler is None or dataset is None or collate is None or streams:
        for batch in loader:
            yield None, batch
        return
    for numbers in sampler:
        entries = [int(number) for number in numbers]
        many = getattr(dataset, "__getitems__", None)
        items = many(entries) if many is not None else [dataset[number] for number in entries]
        yield entries, collate(items)


@contextlib.contextmanager
def _undisturbed(loader: Any) -> Iterator[None]:
    """Put the states of the generators back that choose the order, so that training is the same."""
    import torch

    chain = [loader, *(getattr(loader, name, None) for name in ("sampler", "batch_sampler"))]
    chain += [getattr(sampler, "sampler", None) for sampler in chain[2:]]
    held = {id(g): g for one in chain if (g := getattr(one, "generator", None)) is not None}
    states = [(generator, generator.get_state()) for generator in held.values()]
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        for generator, state in states:
            generator.set_state(state)


# A trainer ------------------------------------------------------------------------------


def is_trainer(batch: Any) -> bool:
    """Tell whether something is a trainer, which gives the loader that it would train from."""
    return callable(getattr(batch, "get_train_dataloader", None))


def audit_trainer(
    trainer: Any,
    batches: int | None = BATCHES,
    *,
    expect: Expectation | None = None,
    tokenizer: Any = None,
    decode: Decode | None = gpt2_decode,
) -> LoaderReport:
    """Give the report on what a trainer of transformers or TRL would train on.

    Its tokenizer declares the ends, and its model how many ids there are: a tokenizer may have
    more or fewer than the embedding has rows.
    """
    if tokenizer is None:
        tokenizer = getattr(trainer, "processing_class", None) or getattr(
            trainer, "tokenizer", None
        )
        tokenizer = getattr(tokenizer, "tokenizer", tokenizer)  # of a processor
    expect = expect or Expectation()
    if expect.vocabulary_size is None:
        size = embedding_rows(getattr(trainer, "model", None))
        expect = replace(expect, vocabulary_size=size)
    loader = trainer.get_train_dataloader()
    return audit_loader(loader, batches, expect=expect, tokenizer=tokenizer, decode=decode)


def embedding_rows(model: Any) -> int | None:
    """Give how many ids a model can look up, or None where it does not tell.

    >>> import torch
    >>> class Model(torch.nn.Module):
    ...     def get_input_embeddings(self): return torch.nn.Embedding(50257, 2)
    >>> embedding_rows(Model()), embedding_rows(None)
    (50257, None)
    """
    get = getattr(model, "get_input_embeddings", None)
    rows: Sequence[int] = getattr(getattr(get() if get else None, "weight", None), "shape", ())
    return int(rows[0]) if len(rows) == 2 and rows[0] else None
