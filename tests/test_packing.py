"""Packing: which entries share a row, what the row holds, and that no entry sees another."""

import heapq
import math
import pickle
import random
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.nn import functional
from torch.utils.data import DataLoader

import specs
from companion import packing
from companion.auditing import Expectation, audit
from companion.collating import Collator, ResponseCutWarning
from companion.entries import load_entries
from companion.masking import MASKS, supervised_spans
from companion.packing import Packer, block_diagonal_mask, cumulative_lengths, plan_packs
from companion.storing import InstructionDataset
from companion.tokenizing import TokenizedEntry
from companion.truncating import TRUNCATIONS

E = 50256


@pytest.fixture(scope="module")
def dataset():
    return InstructionDataset(load_entries())


# ---------------------------------------------------------------- which entries share a pack


@st.composite
def loads(draw):
    """Draw a pack's length, and lengths that fit it."""
    pack_length = draw(st.integers(1, 30))
    return draw(st.lists(st.integers(1, pack_length), min_size=1, max_size=40)), pack_length


def filled(packs, lengths):
    return [sum(int(lengths[entry]) for entry in pack) for pack in packs]


def test_the_toy_batch_fills_two_packs_of_six():
    assert plan_packs([5, 2, 3], pack_length=6) == [[0], [2, 1]]


def test_the_toy_batch_fits_into_one_pack_of_ten():
    assert plan_packs([5, 2, 3], pack_length=10) == [[0, 2, 1]]


def test_an_entry_goes_where_the_least_room_is_left():
    # After 7 and 6 there is room for 3 and for 4; the 3 fills the first to the brim.
    assert plan_packs([7, 6, 3, 4], pack_length=10) == [[0, 2], [1, 3]]
    assert plan_packs([6, 7, 3], pack_length=10) == [[1, 2], [0]]


def test_an_entry_as_long_as_the_pack_has_it_alone():
    assert plan_packs([1, 4, 4], pack_length=4) == [[1], [2], [0]]


@given(loads())
def test_a_plan_is_what_looking_through_all_packs_gives(load):
    assert plan_packs(*load) == specs.best_fit(*load)


@given(loads())
def test_every_entry_is_in_exactly_one_pack(load):
    lengths, pack_length = load
    packs = plan_packs(lengths, pack_length)
    assert sorted(entry for pack in packs for entry in pack) == list(range(len(lengths)))
    assert all(packs)


@given(loads())
def test_no_pack_is_longer_than_it_may_be(load):
    assert max(filled(plan_packs(*load), load[0])) <= load[1]


@given(loads())
def test_no_two_packs_would_fit_into_one(load):
    fewest = sorted(filled(plan_packs(*load), load[0]))[:2]
    assert len(fewest) < 2 or sum(fewest) > load[1]


@given(st.data(), st.integers(1, 12))
def test_a_plan_takes_at_most_one_pack_more_than_the_best_of_all_plans(data, pack_length):
    lengths = data.draw(st.lists(st.integers(1, pack_length), min_size=1, max_size=7))
    assert len(plan_packs(lengths, pack_length)) <= specs.fewest_packs(lengths, pack_length) + 1


@pytest.mark.parametrize(("pack_length", "share"), [(600, 0.03), (1024, 0.03), (2048, 0.02)])
def test_packs_of_the_embedded_set_waste_little(dataset, pack_length, share):
    packs = plan_packs(dataset.lengths, pack_length)
    assert 0 <= 1 - dataset.lengths.sum() / (len(packs) * pack_length) < share


@pytest.mark.parametrize("entries", [500, 16_000])
def test_a_plan_takes_n_log_n_steps(monkeypatch, entries):
    compared = []

    class Room(int):
        """A number that counts how often it is compared: steps are counted, not timed."""

        def __lt__(self, other):
            compared.append(1)
            return int(self) < int(other)

    def push(heap, pair):
        heapq.heappush(heap, (Room(pair[0]), pair[1]))

    monkeypatch.setattr(packing, "heappush", push)
    dice = random.Random(0)
    plan_packs([dice.randint(1, 2000) for _ in range(entries)], 2000)
    assert entries < len(compared) < 2 * entries * math.log2(entries)


def test_the_same_lengths_give_the_same_plan_of_plain_numbers(dataset):
    packs = plan_packs(dataset.lengths, 1024)
    assert packs == plan_packs(dataset.lengths.tolist(), 1024)
    assert {type(entry) for pack in packs for entry in pack} == {int}


@pytest.mark.parametrize("kind", [np.int64, np.uint16, np.uint8])
def test_lengths_may_be_an_array_of_any_integers_and_are_not_changed(kind):
    lengths = np.array([5, 2, 255], dtype=kind)
    assert plan_packs(lengths, 300) == [[2, 0, 1]]
    assert lengths.tolist() == [5, 2, 255]


def test_an_entry_that_is_too_long_is_refused_by_its_number():
    with pytest.raises(
        ValueError, match=r"longer than pack_length 8: entry 1 \(9 tokens\), entry 2 \(12 tokens\);"
    ):
        plan_packs([8, 9, 12], pack_length=8)


def test_of_many_that_are_too_long_the_first_five_are_named():
    with pytest.raises(ValueError, match=r"entry 4 \(9 tokens\) and 2 more; take longer packs"):
        plan_packs([9] * 7, pack_length=8)


def test_an_entry_that_is_too_long_can_be_left_out():
    assert plan_packs([8, 9, 3], pack_length=8, truncation="drop") == [[0], [2]]


@pytest.mark.parametrize("truncation", ["cut", "keep_end"])
def test_an_entry_that_is_too_long_can_have_a_pack_alone_and_be_cut(truncation):
    packs = plan_packs([3, 9, 4], pack_length=8, truncation=truncation)
    assert packs == [[1], [2, 0]]
    pack = Packer(Collator(max_length=8, truncation=truncation))([list(range(9))])
    assert pack.inputs.tolist() == [list(range(8))]
    assert pack.targets.tolist() == [[*range(1, 8), 8 if truncation == "cut" else E]]


def test_to_leave_out_every_entry_is_refused():
    with pytest.raises(ValueError, match="longer than pack_length 2: entry 0"):
        plan_packs([3, 4], pack_length=2, truncation="drop")


@pytest.mark.parametrize(
    ("lengths", "pack_length", "message"),
    [
        ([], 8, "a plan needs entries; found no lengths"),
        ([3], 0, "pack_length is at least 1; found 0"),
        ([3], -5, "pack_length is at least 1; found -5"),
        ([3, 0], 8, "an entry has at least 1 token; entry 1 has length 0"),
        ([3, 2, -1], 8, "an entry has at least 1 token; entry 2 has length -1"),
        ([2.5], 8, r"lengths are one row of integers; found \[2.5\]"),
        ([[2, 3]], 8, r"lengths are one row of integers; found \[\[2, 3\]\]"),
    ],
)
def test_what_is_no_plan_is_refused(lengths, pack_length, message):
    with pytest.raises(ValueError, match=message):
        plan_packs(lengths, pack_length)


def test_an_unknown_truncation_is_refused():
    with pytest.raises(ValueError, match="is one of cut, keep_end, cut_prompt, drop, error"):
        plan_packs([3], 8, truncation="split")


# ---------------------------------------------------------------- what a pack holds


def test_the_toy_batch_becomes_one_row_without_padding(toy):
    inputs, targets, position_ids = Packer()(toy)
    assert inputs.tolist() == [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]
    assert targets.tolist() == [[1, 2, 3, 4, E, 6, E, 8, 9, E]]
    assert position_ids.tolist() == [[0, 1, 2, 3, 4, 0, 1, 0, 1, 2]]


def test_each_entry_keeps_its_own_end_token_and_its_own_mask():
    first = TokenizedEntry([10, 11, 12, 13], prompt_length=2, header_length=1)
    chat = TokenizedEntry([20, 21, 22, 23, 24], [(0, 1, 2, 2), (3, 4, 6, 6)])
    pack = Packer(Collator(mask="prompt"))([first, chat])
    assert pack.targets.tolist() == [[-100, 12, 13, E, 21, -100, -100, 24, E]]
    pack = Packer(Collator(mask="prompt_without_header"))([first, chat])
    assert pack.targets.tolist() == [[11, 12, 13, E, 21, -100, 23, 24, E]]


def test_a_pack_can_be_filled_with_pads_as_one_more_entry_of_nothing():
    inputs, targets, position_ids = Packer(Collator(pad_id=0, pad_to_multiple_of=8))([[5, 6], [7]])
    assert inputs.tolist() == [[5, 6, 7, 0, 0, 0, 0, 0]]
    assert targets.tolist() == [[6, E, E, -100, -100, -100, -100, -100]]
    assert position_ids.tolist() == [[0, 1, 0, 0, 1, 2, 3, 4]]


def test_a_pack_that_fills_the_multiple_gets_no_pads():
    assert Packer(Collator(pad_to_multiple_of=3))([[5, 6], [7]]).inputs.tolist() == [[5, 6, 7]]


def test_the_tensors_are_int64_rows_of_one_shape():
    pack = Packer()([np.array([1, 65535], dtype=np.uint16), [3], np.array([4], dtype=np.int32)])
    for tensor in pack:
        assert tensor.dtype == torch.int64
        assert tensor.shape == (1, 4)
        assert tensor.is_contiguous()


def test_the_items_are_not_changed(toy):
    rows = [np.array(row) for row in toy]
    for tensor in Packer()(rows):
        tensor[:] = -1
    assert [row.tolist() for row in rows] == toy


def test_entries_that_do_not_fit_together_are_refused():
    with pytest.raises(
        ValueError, match="3 entries of 10 tokens do not fit a pack of max_length 9"
    ):
        Packer(Collator(max_length=9))([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]])


def test_no_entries_are_refused():
    with pytest.raises(ValueError, match="a batch of no items cannot be collated"):
        Packer()([])


def test_a_pack_with_nothing_supervised_is_refused():
    lost = TokenizedEntry(range(9), prompt_length=8)
    with pytest.raises(ValueError, match="nothing is supervised in this batch"):
        Packer(Collator(max_length=4))([lost])


def test_the_warning_of_a_lost_response_points_at_the_callers_line():
    entries = [TokenizedEntry(range(9), prompt_length=8), TokenizedEntry([4])]
    with pytest.warns(ResponseCutWarning, match=r"in rows \[0\]") as padded:
        Collator(max_length=4)(entries)
    too_long = pytest.raises(ValueError, match="2 entries of 5 tokens")
    with too_long, pytest.warns(ResponseCutWarning) as packed:
        Packer(Collator(max_length=4))(entries)
    assert [warning.filename for warning in (*padded, *packed)] == [__file__] * 2


@given(
    st.lists(specs.entries(), min_size=1, max_size=5),
    specs.ids,
    specs.ids,
    specs.ignore_indices,
    st.sampled_from(MASKS),
    st.none() | st.integers(1, 24),
    st.sampled_from(TRUNCATIONS),
    st.none() | st.integers(1, 4),
)
def test_a_pack_is_what_the_plain_loop_makes(
    entries, pad_id, end_id, ignore_index, mask, max_length, truncation, multiple
):
    assume(max_length is None or multiple is None or max_length % multiple == 0)
    settings = (pad_id, end_id, ignore_index, mask, max_length, truncation, multiple)
    packer = Packer(Collator(*settings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResponseCutWarning)
        try:
            expected = specs.pack(entries, *settings)
        except specs.RefusedError:
            with pytest.raises(ValueError, match=r"nothing is|longer than|do not fit"):
                packer(entries)
            return
        assert [tensor.tolist() for tensor in packer(entries)] == [[row] for row in expected]


@pytest.mark.parametrize("mask", MASKS)
def test_a_pack_holds_what_the_padded_batch_holds_but_for_the_pads(dataset, mask):
    entries = [dataset[i] for i in range(40)]
    inputs, targets = Collator(mask=mask)(entries)
    pack = Packer(Collator(mask=mask))(entries)
    kept = torch.arange(inputs.shape[1]) < torch.tensor([[len(e.ids)] for e in entries])
    assert pack.inputs[0].tolist() == inputs[kept].tolist()
    assert pack.targets[0].tolist() == targets[kept].tolist()


def test_a_plan_and_a_packer_go_into_a_data_loader(dataset):
    packer = Packer(Collator(mask="prompt", max_length=1024))
    assert pickle.loads(pickle.dumps(packer)) == packer
    packs = plan_packs(dataset.lengths, 1024)
    loader = DataLoader(dataset, batch_sampler=packs, collate_fn=packer)
    ends = tokens = 0
    for pack in loader:
        tokens += pack.inputs.numel()
        ends += int((pack.targets == E).sum())
    assert tokens == dataset.lengths.sum()
    assert ends == len(dataset)


# ---------------------------------------------------------------- borders, as lengths and as mask

TOY_POSITIONS = torch.tensor([[0, 1, 2, 3, 4, 0, 1, 0, 1, 2]])


@st.composite
def position_rows(draw):
    """Draw the positions of a few packs of one width."""
    width = draw(st.integers(1, 10))
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        row = [0]
        for _ in range(width - 1):
            row.append(0 if draw(st.booleans()) else row[-1] + 1)
        rows.append(row)
    return rows


def test_the_borders_of_the_toy_pack():
    borders = cumulative_lengths(TOY_POSITIONS)
    assert borders.tolist() == [0, 5, 7, 10]
    assert borders.dtype == torch.int32


@given(position_rows())
def test_borders_are_what_counting_gives(rows):
    assert cumulative_lengths(torch.tensor(rows)).tolist() == specs.borders(rows)


def test_in_the_toy_pack_a_token_reads_its_own_entry_up_to_itself():
    mask = block_diagonal_mask(torch.tensor([[0, 1, 2, 0, 1]]))
    assert mask.dtype == torch.bool
    assert mask.shape == (1, 1, 5, 5)
    assert mask[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 1],
    ]


@given(position_rows())
def test_the_mask_is_what_walking_back_gives(rows):
    assert block_diagonal_mask(torch.tensor(rows))[:, 0].tolist() == list(map(specs.may_read, rows))


@pytest.mark.parametrize("function", [cumulative_lengths, block_diagonal_mask])
@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([0, 1, 2], r"integers in rows and columns; found torch.int64 of shape \(3,\)"),
        ([[0.0, 1.0]], "integers in rows and columns; found torch.float32"),
        ([[]], "integers in rows and columns"),
        ([[1, 2, 3]], r"found \[1\] at row 0, column 0"),
        ([[0, 1, 2], [0, 1, 3]], r"found \[1, 3\] at row 1, column 1"),
        ([[0, 0, 2]], r"found \[0, 2\] at row 0, column 1"),
    ],
)
def test_what_are_no_positions_of_a_pack_is_refused(function, positions, message):
    with pytest.raises(ValueError, match=message):
        function(torch.tensor(positions))


# ---------------------------------------------------------------- what a model makes of it

SIZE = 40


class Tiny(torch.nn.Module):
    """A small transformer that reads what its mask lets it read, in double precision."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.embed = torch.nn.Embedding(SIZE, 16)
            self.place = torch.nn.Embedding(64, 16)
            self.mix = torch.nn.ModuleList(torch.nn.Linear(16, 48) for _ in range(2))
            self.think = torch.nn.ModuleList(torch.nn.Linear(16, 16) for _ in range(2))
            self.answer = torch.nn.Linear(16, SIZE)
            self.double()

    def forward(self, inputs, position_ids=None, mask=None, attend=None):
        width = inputs.shape[1]
        if position_ids is None:
            position_ids = torch.arange(width).expand_as(inputs)
        if mask is None:
            mask = torch.ones(width, width, dtype=torch.bool).tril()
        attend = attend or (
            lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        )
        x = self.embed(inputs) + self.place(position_ids)
        for mix, think in zip(self.mix, self.think, strict=True):
            heads = mix(x).view(*x.shape[:2], 3, 2, 8).permute(2, 0, 3, 1, 4)
            x = x + attend(*heads).transpose(1, 2).flatten(2)
            x = x + torch.tanh(think(x))
        return self.answer(x)


@pytest.fixture(scope="module")
def model():
    return Tiny()


def some_entries(seed):
    dice = random.Random(seed)
    return [
        TokenizedEntry(
            [dice.randrange(SIZE - 1) for _ in range(dice.randint(2, 12))],
            prompt_length=dice.randint(0, 2),
            header_length=0,
        )
        for _ in range(dice.randint(2, 5))
    ]


def mean_loss(logits, targets):
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


seeds = pytest.mark.parametrize("seed", range(8))


@seeds
@pytest.mark.parametrize("mask", ["none", "prompt"])
def test_the_loss_of_packs_is_the_loss_of_the_padded_batch(model, seed, mask):
    collator = Collator(mask=mask, end_id=SIZE - 1, pad_id=SIZE - 1)
    entries = some_entries(seed)
    inputs, targets = collator(entries)
    padded = mean_loss(model(inputs), targets)
    pack = Packer(collator)(entries)
    isolated = mean_loss(
        model(pack.inputs, pack.position_ids, block_diagonal_mask(pack.position_ids)), pack.targets
    )
    assert isolated.item() == pytest.approx(padded.item(), rel=1e-12)
    expected, found = (
        torch.autograd.grad(loss, list(model.parameters())) for loss in (padded, isolated)
    )
    for left, right in zip(expected, found, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-12)


@seeds
def test_without_the_mask_or_without_the_positions_the_loss_is_another(model, seed):
    collator = Collator(end_id=SIZE - 1, pad_id=SIZE - 1)
    entries = some_entries(seed)
    inputs, targets = collator(entries)
    padded = mean_loss(model(inputs), targets).item()
    pack = Packer(collator)(entries)
    block = block_diagonal_mask(pack.position_ids)
    for logits in (model(pack.inputs, pack.position_ids), model(pack.inputs, None, block)):
        assert abs(mean_loss(logits, pack.targets).item() - padded) > 1e-4


@seeds
def test_to_change_one_entry_changes_no_other_entrys_logits(model, seed):
    entries = some_entries(seed)
    collator = Collator(end_id=SIZE - 1, pad_id=SIZE - 1)
    pack = Packer(collator)(entries)
    starts = cumulative_lengths(pack.position_ids).tolist()
    block = block_diagonal_mask(pack.position_ids)
    for number, (start, stop) in enumerate(pairwise(starts)):
        changed = pack.inputs.clone()
        changed[0, start:stop] = (changed[0, start:stop] + 1) % SIZE
        others = torch.ones(pack.inputs.shape[1], dtype=torch.bool)
        others[start:stop] = False
        with torch.no_grad():
            before, after = (
                model(tokens, pack.position_ids, block)[0] for tokens in (pack.inputs, changed)
            )
            assert torch.equal(before[others], after[others])
            assert not torch.isclose(before[~others], after[~others]).all(dim=1).any()
            # Causal alone, with the same positions: all that comes later sees the change.
            before, after = (
                model(tokens, pack.position_ids)[0] for tokens in (pack.inputs, changed)
            )
        assert torch.equal(before[:start], after[:start])
        if number + 1 < len(entries):
            assert not torch.isclose(before[stop:], after[stop:]).all(dim=1).any()


@seeds
def test_attention_within_the_borders_gives_what_the_mask_gives(model, seed):
    pack = Packer(Collator(end_id=SIZE - 1, pad_id=SIZE - 1))(some_entries(seed))
    borders = cumulative_lengths(pack.position_ids).tolist()

    def attend(*heads):
        """Attend to one entry after another, as a kernel for variable lengths does at once."""
        parts = [
            functional.scaled_dot_product_attention(
                *(h[:, :, start:stop] for h in heads), is_causal=True
            )
            for start, stop in pairwise(borders)
        ]
        return torch.cat(parts, dim=2)

    with torch.no_grad():
        by_borders = model(pack.inputs, pack.position_ids, attend=attend)
        by_mask = model(pack.inputs, pack.position_ids, block_diagonal_mask(pack.position_ids))
    torch.testing.assert_close(by_borders, by_mask, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_pads_at_the_end_make_no_not_a_number(model, kind):
    pack = Packer(Collator(end_id=SIZE - 1, pad_id=0, pad_to_multiple_of=16))([[1, 2], [3]])
    block = block_diagonal_mask(pack.position_ids)
    heads = torch.randn(3, 1, 2, 16, 8, generator=torch.Generator().manual_seed(0)).to(kind)
    assert functional.scaled_dot_product_attention(*heads, attn_mask=block).isfinite().all()


# ---------------------------------------------------------------- what the audit makes of it


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("pad_id", [E, 50257])
@pytest.mark.parametrize("multiple", [None, 64])
def test_the_audit_finds_nothing_wrong_in_our_packs(dataset, mask, pad_id, multiple):
    packer = Packer(Collator(mask=mask, pad_id=pad_id, pad_to_multiple_of=multiple))
    for plan in plan_packs(dataset.lengths, 1024)[::9]:
        entries = [dataset[entry] for entry in plan]
        pack = packer(entries)
        expect = Expectation(pad_id=pad_id, mask=mask, spans=supervised_spans(entries, mask))
        report = audit(pack.inputs, pack.targets, position_ids=pack.position_ids, expect=expect)
        assert report.codes == ()


def naive(entries):
    """Join the texts first, and shift the whole row."""
    joined = [token for entry in entries for token in [*entry.ids.tolist(), E]]
    positions = [place for entry in entries for place in range(len(entry.ids) + 1)]
    return [joined[:-1]], [joined[1:]], [positions[:-1]]


def test_the_audit_names_the_border_that_a_naive_pack_crosses(dataset):
    for plan in plan_packs(dataset.lengths, 1024)[1::9]:
        entries = [dataset[entry] for entry in plan]
        inputs, targets, positions = naive(entries)
        report = audit(inputs, targets, position_ids=positions, expect=Expectation(mask="none"))
        assert [finding.code for finding in report.errors] == ["border-crossed"]
        (crossed,) = report.errors
        last = np.cumsum([len(entry.ids) + 1 for entry in entries])[:-1] - 1
        assert crossed.cells == tuple((0, int(column)) for column in last)


def test_the_audit_misses_the_end_tokens_of_a_pack_that_was_joined_without(dataset):
    entries = [dataset[entry] for entry in range(4)]
    joined = [token for entry in entries for token in entry.ids.tolist()]
    positions = [place for entry in entries for place in range(len(entry.ids))]
    report = audit([joined], [[*joined[1:], E]], position_ids=[positions])
    assert {"border-crossed"} <= {finding.code for finding in report.errors}
