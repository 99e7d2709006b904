"""Train: a small model, from nothing, on instructions whose answers a program can check.

`make_entries` draws pairs of a task that a small model can learn; `encode` and `decode` are a
tokenizer of bytes; `Transformer` is the model, `train` the loop, `generate` asks, and
`evaluate` counts. The batches are the book's own, by `Collator` and `make_loader`. What it
leaves out: all that a step left out does to such a run, which `experiments.training`
measures.
"""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain, islice, repeat
from typing import Any, NamedTuple

import torch
from torch import nn

from companion.collating import Collator
from companion.entries import Entry
from companion.formatting import PromptStyle
from companion.ignoring import IGNORE_INDEX
from companion.tokenizing import TokenizedEntry, tokenize_entry

# The task ---------------------------------------------------------------------------------

LETTERS = "abcdefghijklmnopqrstuvwxyz"
KINDS: dict[str, tuple[str, str, int, Callable[[str], str]]] = {
    "reverse": ("Reverse", LETTERS, 7, lambda text: text[::-1]),
    "upper": ("Upper case", LETTERS, 7, str.upper),
    "last": ("Last letter", LETTERS, 7, lambda text: text[-1]),
    "double": ("Say twice", LETTERS, 7, lambda text: text + text),
    "sort": ("Sort", "0123456789", 6, lambda text: "".join(sorted(text))),
}
"""For each kind of task: its instruction, its input's characters and most of them, its answer."""

STYLE = PromptStyle("short", instruction="{instruction}", input=": {input}", header="\n> ")
"""The prompt style of this chapter, short because every character is a token."""


def make_entries(count: int, seed: int, without: Collection[Entry] = ()) -> list[Entry]:
    """Draw `count` different entries, all kinds alike; they are free for any use (CC0).

    `without`: entries that are not drawn, so that a model can be asked what it never saw.
    The characters of an input are 3 to 7, all different; an answer has 1 to 14.

    >>> make_entries(2, seed=1)[0]
    Entry(instruction='Upper case', input='zycidpo', output='ZYCIDPO', task='upper')
    """
    dice, taken = random.Random(seed), set(without)
    entries: list[Entry] = []
    while len(entries) < count:
        kind = dice.choice(list(KINDS))
        instruction, characters, most, answer = KINDS[kind]
        text = "".join(dice.sample(characters, dice.randint(3, most)))
        entry = Entry(instruction, text, answer(text), kind)
        if entry not in taken:
            taken.add(entry)
            entries.append(entry)
    return entries


# The tokenizer ----------------------------------------------------------------------------

END_ID = PAD_ID = 0
"""The end token, which pads as well, as in the rest of the book; the bytes follow from 1."""
VOCABULARY = 1 + 256


def encode(text: str) -> list[int]:
    """Give one id for each byte of the text in UTF-8; of plain English, a character.

    >>> encode("Sort")
    [84, 112, 115, 117]
    """
    return [1 + byte for byte in text.encode("utf-8")]


def decode(ids: Iterable[int]) -> str:
    """Give the text of ids; the end token is no text, and broken characters become "\ufffd".

    >>> decode([84, 112, 115, 117, END_ID])
    'Sort'
    """
    return bytes(i - 1 for i in ids if i != END_ID).decode("utf-8", "replace")


def tokenized(entries: Iterable[Entry], style: PromptStyle = STYLE) -> list[TokenizedEntry]:
    """Give the entries as ids that a `Collator` takes."""
    return [tokenize_entry(entry, style, encode, decode) for entry in entries]


COLLATOR = Collator(pad_id=PAD_ID, end_id=END_ID, mask="prompt")
"""The right batch: padded, shifted, the padding ignored and the prompt masked."""

# The model --------------------------------------------------------------------------------


class Layer(nn.Module):
    """Attention and two linear layers, each added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: torch.Tensor, may_read: torch.Tensor | None) -> torch.Tensor:
        """Give x, shape (rows, columns, width), after this layer."""
        rows, columns, width = x.shape
        parts = self.qkv(self.norms[0](x)).view(rows, columns, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        read = nn.functional.scaled_dot_product_attention(
            q, k, v, may_read, is_causal=may_read is None
        )
        x = x + self.out(read.transpose(1, 2).reshape(rows, columns, width))
        return x + self.think(self.norms[1](x))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """A language model of some hundred thousand weights, drawn from `seed`.

    >>> sum(weights.numel() for weights in Transformer().parameters())
    681601
    """

    def __init__(
        self, width: int = 128, layers: int = 3, heads: int = 4, longest: int = 160, seed: int = 0
    ) -> None:
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.tokens = nn.Embedding(VOCABULARY, width)
            self.places = nn.Embedding(longest, width)
            nn.init.normal_(self.tokens.weight, std=0.02)
            nn.init.normal_(self.places.weight, std=0.02)
            self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, VOCABULARY)
            nn.init.normal_(self.head.weight, std=0.02)

    def forward(
        self,
        inputs: torch.Tensor,
        positions: torch.Tensor | None = None,
        may_read: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Give the logits of what follows each token, shape (rows, columns, vocabulary).

        `inputs`: ids, shape (rows, columns). `positions`: the place of each in its text, the
        same shape; counted from the row's beginning unless given. `may_read`: bool, shape
        (rows, 1, columns, columns), which token reads which; all up to itself unless given.
        """
        if positions is None:
            positions = torch.arange(inputs.shape[1])
        x = self.tokens(inputs) + self.places(positions)
        for layer in self.layers:
            x = layer(x, may_read)
        return self.head(self.norm(x))  # type: ignore[no-any-return]


# The loop ---------------------------------------------------------------------------------


def loss_on(
    model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor, *more: torch.Tensor
) -> torch.Tensor:
    """Give the mean loss of the supervised targets: what a trainer prints, and lowers."""
    logits = model(inputs, *more)
    return nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORE_INDEX
    )


def train(
    model: nn.Module,
    loader: Iterable[Any],
    updates: int,
    loss_of: Callable[[nn.Module, Any], torch.Tensor] | None = None,
    peak: float = 3e-3,
    each: Callable[[int, float], None] = lambda update, loss: None,
) -> list[float]:
    """Train for so many updates, over and over the loader; give the loss of each.

    `loss_of(model, batch)`: `loss_on` unless given. `peak`: the highest learning rate, of one
    rise and fall. `each(update, loss)` is called after each update, for a bar or a curve.
    """
    optimizer = torch.optim.AdamW(model.parameters(), peak, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=updates)
    losses: list[float] = []
    model.train()
    for batch in islice(chain.from_iterable(repeat(loader)), updates):
        loss = loss_of(model, batch) if loss_of else loss_on(model, *batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        each(len(losses), losses[-1])
    return losses


# Asking -----------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What the model wrote, without the end token, and whether it stopped by itself."""

    text: str
    stopped: bool


@torch.no_grad()
def generate(model: nn.Module, prompts: Sequence[str], limit: int = 24) -> list[Answer]:
    """Answer each prompt with the likeliest tokens, up to the end token or `limit` of them.

    The prompts are one batch, padded on the right: each row's next token is read where its
    text ends, and no token reads what stands after it, so each is answered as if alone.
    """
    model.eval()
    texts = [encode(prompt) for prompt in prompts]
    begun = [len(text) for text in texts]
    going = list(range(len(texts)))
    for _ in range(limit):
        width = max((len(texts[i]) for i in going), default=0)
        if not going:
            break
        rows = torch.tensor([texts[i] + [PAD_ID] * (width - len(texts[i])) for i in going])
        last = torch.tensor([len(texts[i]) - 1 for i in going])
        following = model(rows)[torch.arange(len(going)), last].argmax(dim=-1).tolist()
        for i, token in zip(going, following, strict=True):
            texts[i].append(token)
        going = [i for i in going if texts[i][-1] != END_ID]
    return [
        Answer(decode(text[start:]), text[-1] == END_ID)
        for text, start in zip(texts, begun, strict=True)
    ]


class Evaluation(NamedTuple):
    """For each question: the answer, whether it is exact, and the loss of its response.

    An answer is exact if it is the expected one and the model stopped after it. `losses` are
    sums over the response's tokens, its end token included, and `tokens` their numbers.
    """

    answers: list[Answer]
    exact: list[bool]
    losses: list[float]
    tokens: list[int]

    @property
    def loss(self) -> float:
        """The mean loss of a response token."""
        return sum(self.losses) / sum(self.tokens)


def evaluate(
    model: nn.Module,
    entries: Sequence[Entry],
    ask: Callable[[Entry], str] = STYLE.prompt,
    limit: int = 24,
    batch: int = 100,
) -> Evaluation:
    """Ask each entry's question and weigh its right response, whatever was trained on.

    `ask` gives the prompt at inference; an answer has at most `limit`
    tokens. The losses are of the right batch, `COLLATOR`'s.
    """
    found = Evaluation([], [], [], [])
    for start in range(0, len(entries), batch):
        part = entries[start : start + batch]
        answers = generate(model, [ask(entry) for entry in part], limit)
        found.answers.extend(answers)
        found.exact.extend(
            answer.stopped and answer.text == entry.output
            for answer, entry in zip(answers, part, strict=True)
        )
        inputs, targets = COLLATOR(tokenized(part))
        with torch.no_grad():
            losses = nn.functional.cross_entropy(
                model(inputs).transpose(1, 2),
                targets,
                ignore_index=IGNORE_INDEX,
                reduction="none",
            )
        found.losses.extend(losses.sum(dim=1).tolist())
        found.tokens.extend((targets != IGNORE_INDEX).sum(dim=1).tolist())
    return found
