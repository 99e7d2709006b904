"""What each step is to do, in plain loops over plain lists: the oracle of the property tests.

Nothing here is fast, and nothing is shared with the companion but the type of an entry:
each function decides slot by slot, from the definition of the step. Below them stand
the random cases that the property tests try, one strategy a kind of argument.
"""

from collections.abc import Sequence

from hypothesis import strategies as st

from companion.tokenizing import TokenizedEntry, Turn

Rows = list[list[int]]
Turns = list[Turn] | tuple[Turn, ...]
Spans = Sequence[tuple[int, int]]


class RefusedError(Exception):
    """The specification says that this batch is refused."""


# The steps, slot by slot -----------------------------------------------------------------


def block(rows: Rows, end_id: int, pad_id: int, width: int | None = None) -> Rows:
    """Write each row, one end token, then pads; as wide as the longest needs."""
    if width is None:
        width = 0
        for row in rows:
            if len(row) + 1 > width:
                width = len(row) + 1
    made = []
    for row in rows:
        slots = []
        for position in range(width):
            if position < len(row):
                slots.append(row[position])
            elif position == len(row):
                slots.append(end_id)
            else:
                slots.append(pad_id)
        made.append(slots)
    return made


def padding_share(lengths: list[int], width: int) -> float:
    """Count the pads one by one, and give their share of all slots."""
    pads = 0
    for length in lengths:
        for position in range(width):
            if position > length:
                pads += 1
    return pads / (len(lengths) * width)


def shift(rows: Rows) -> tuple[Rows, Rows]:
    """Make the token in the next column the target; the last column has none."""
    inputs = [[row[j] for j in range(len(row) - 1)] for row in rows]
    targets = [[row[j + 1] for j in range(len(row) - 1)] for row in rows]
    return inputs, targets


def keep(targets: Rows, spans: list[Spans], ignore_index: int) -> Rows:
    """Keep a target if the position of its token is in one of the row's spans."""
    kept = []
    for row, row_spans in zip(targets, spans, strict=True):
        slots = []
        for column, target in enumerate(row):
            position = column + 1
            inside = False
            for start, stop in row_spans:
                if start <= position and position < stop:
                    inside = True
            slots.append(target if inside else ignore_index)
        kept.append(slots)
    return kept


def ignore_padding(targets: Rows, lengths: list[int], ignore_index: int) -> Rows:
    """Keep the targets up to the end token, which stands at the text's length."""
    kept = []
    for row, length in zip(targets, lengths, strict=True):
        slots = []
        for column, target in enumerate(row):
            slots.append(target if column + 1 <= length else ignore_index)
        kept.append(slots)
    return kept


def shortened(
    entry: TokenizedEntry,
    end_id: int,
    max_length: int | None,
    truncation: str,
    begin_id: int | None = None,
    ends: Sequence[int] = (),
) -> tuple[list[int], list[Turn]]:
    """Give the ids of a text with its end, no more than fit, and the answers that are left."""
    text = [int(token) for token in entry.ids]
    if not entry.closed:
        text.append(end_id)
    turns = list(entry.turns)
    if max_length is None or len(text) <= max_length + 1:
        return text, turns
    if truncation == "cut_prompt":
        while len(text) > max_length + 1 and turns:
            at = 1 if text[0] == begin_id else 0
            header = turns[0].start if turns[0].header is None else turns[0].header
            if at >= header or turns[0].start <= 1:
                break
            del text[at]
            turns = [Turn(*[None if p is None else p - 1 for p in turn]) for turn in turns]
        if len(text) <= max_length + 1:
            return text, turns
    own = max_length + 1 if truncation == "cut" else max_length
    kept, ended = text[:own], truncation == "cut"
    for turn in turns:
        if turn.end <= own and own <= turn.stop:
            ended = True
    if not ended:
        ending = end_id
        for turn in reversed(turns):
            if turn.end > own:
                ending = text[turn.end - 1] if text[turn.end - 1] in ends else end_id
        kept.append(ending)
    left = []
    for turn in turns:
        end = turn.end if turn.end <= own else len(kept)
        if turn.start < own and end > 1:
            left.append(turn._replace(end=end, stop=max(end, min(turn.stop, own))))
    return kept, left


def supervised_positions(length: int, turns: Turns, mask: str) -> list[int]:
    """List the positions of a text of so many tokens that the model is graded on."""
    positions = []
    for position in range(length):
        for header, start, end, _ in turns:
            first = {"none": 0, "prompt": start, "prompt_without_header": header}[mask]
            last = length if mask == "none" else end
            if first <= position < last:
                positions.append(position)
                break
    return positions


def collate(
    entries: list[TokenizedEntry],
    pad_id: int,
    end_id: int,
    ignore_index: int,
    mask: str,
    max_length: int | None,
    truncation: str,
    pad_to_multiple_of: int | None,
    begin_id: int | None = None,
    ends: Sequence[int] = (),
) -> tuple[Rows, Rows, list[int]]:
    """Give inputs, targets, and the numbers of the rows that lost their response.

    A turn of whose response the cut leaves nothing is not graded, its header included.
    Raises `RefusedError` where the batch is refused.
    """
    kept_entries = []
    for entry in entries:
        length = len(entry.ids) + (0 if entry.closed else 1)
        too_long = max_length is not None and length > max_length + 1
        if too_long and truncation == "error":
            raise RefusedError
        if not (too_long and truncation == "drop"):
            kept_entries.append(entry)
    if not kept_entries:
        raise RefusedError

    texts, graded, lost = [], [], []
    for number, entry in enumerate(kept_entries):
        text, turns = shortened(entry, end_id, max_length, truncation, begin_id, ends)
        if not turns and entry.turns:
            lost.append(number)
        texts.append(text)
        graded.append(supervised_positions(len(text), turns, mask))

    width = 0
    for text in texts:
        # Without its end token; a text cut to m + 1 ids fills m columns of inputs.
        width = max(width, len(text) - 1)
    if pad_to_multiple_of is not None:
        while width % pad_to_multiple_of != 0:
            width += 1

    inputs, targets, any_graded = [], [], False
    for text, positions in zip(texts, graded, strict=True):
        input_row, target_row = [], []
        for column in range(width):
            input_row.append(text[column] if column < len(text) else pad_id)
            if column + 1 < len(text) and column + 1 in positions:
                target_row.append(text[column + 1])
                any_graded = True
            else:
                target_row.append(ignore_index)
        inputs.append(input_row)
        targets.append(target_row)
    if not any_graded:
        raise RefusedError
    return inputs, targets, lost


def best_fit(lengths: list[int], pack_length: int) -> list[list[int]]:
    """Look through all packs, for each entry, for the one with the least room that will do."""
    order = []
    for length in range(max(lengths), 0, -1):
        for entry, its_length in enumerate(lengths):
            if its_length == length:
                order.append(entry)
    packs, rooms = [], []
    for entry in order:
        best = None
        for pack, room in enumerate(rooms):
            if room >= lengths[entry] and (best is None or room < rooms[best]):
                best = pack
        if best is None:
            best = len(packs)
            packs.append([])
            rooms.append(pack_length)
        packs[best].append(entry)
        rooms[best] -= lengths[entry]
    return packs


def fewest_packs(lengths: list[int], pack_length: int) -> int:
    """Try every way to put the entries into packs."""

    def least(entry: int, rooms: list[int]) -> int:
        if entry == len(lengths):
            return len(rooms)
        found = least(entry + 1, [*rooms, pack_length - lengths[entry]])
        for pack, room in enumerate(rooms):
            if room >= lengths[entry]:
                filled = [*rooms[:pack], room - lengths[entry], *rooms[pack + 1 :]]
                found = min(found, least(entry + 1, filled))
        return found

    return least(0, [])


def pack(
    entries: list[TokenizedEntry],
    pad_id: int,
    end_id: int,
    ignore_index: int,
    mask: str,
    max_length: int | None,
    truncation: str,
    pad_to_multiple_of: int | None,
    begin_id: int | None = None,
    ends: Sequence[int] = (),
) -> tuple[list[int], list[int], list[int]]:
    """Give inputs, targets and positions, one token after another.

    Raises `RefusedError` where the pack is refused.
    """
    inputs, targets, positions = [], [], []
    any_entry = False
    for entry in entries:
        slots = len(entry.ids) + (0 if entry.closed else 1) - 1
        if max_length is not None and slots > max_length:
            if truncation == "error":
                raise RefusedError
            if truncation == "drop":
                continue
        text, turns = shortened(entry, end_id, max_length, truncation, begin_id, ends)
        slots = len(text) - 1
        graded = supervised_positions(len(text), turns, mask)
        any_entry = True
        for position in range(slots):
            inputs.append(text[position])
            targets.append(text[position + 1] if position + 1 in graded else ignore_index)
            positions.append(position)
    if not any_entry or all(target == ignore_index for target in targets):
        raise RefusedError
    if max_length is not None and len(inputs) > max_length:
        raise RefusedError
    filled = len(inputs)
    while pad_to_multiple_of is not None and len(inputs) % pad_to_multiple_of != 0:
        positions.append(len(inputs) - filled)
        inputs.append(pad_id)
        targets.append(ignore_index)
    return inputs, targets, positions


def borders(position_rows: Rows) -> list[int]:
    """Count the slots up to each 0, and all of them."""
    found, count = [], 0
    for row in position_rows:
        for position in row:
            if position == 0:
                found.append(count)
            count += 1
    return [*found, count]


def may_read(positions: list[int]) -> list[list[bool]]:
    """Walk back from each slot to the beginning of its entry: that much may it read."""
    rows = []
    for slot in range(len(positions)):
        row = [False] * len(positions)
        at = slot
        row[at] = True
        while positions[at] != 0:
            at -= 1
            row[at] = True
        rows.append(row)
    return rows


# Random cases ----------------------------------------------------------------------------

# Few ids, so that pad and end ids turn up inside the texts all the time.
ids = st.integers(0, 6)
rows = st.lists(st.lists(ids, max_size=9), min_size=1, max_size=6)
ignore_indices = st.sampled_from([-100, -1, -7])


@st.composite
def blocks(draw: st.DrawFn) -> Rows:
    """Draw a block of at least two columns."""
    width = draw(st.integers(2, 8))
    return draw(st.lists(st.lists(ids, min_size=width, max_size=width), min_size=1, max_size=5))


@st.composite
def ordered_spans(draw: st.DrawFn, stop: int, least: int = 0) -> list[tuple[int, int]]:
    """Draw spans in order that do not overlap; some of them empty."""
    count = draw(st.integers(least, 3))
    borders = st.lists(st.integers(0, stop), min_size=2 * count, max_size=2 * count)
    ordered = sorted(draw(borders))
    return list(zip(ordered[::2], ordered[1::2], strict=True))


@st.composite
def entries(draw: st.DrawFn) -> TokenizedEntry:
    """Draw an entry with one answer or several, with a header and something after their ends.

    It brings its own end, or has one appended.
    """
    tokens = draw(st.lists(ids, min_size=2, max_size=9))
    closed = draw(st.booleans())
    length = len(tokens) + (0 if closed else 1)
    if draw(st.booleans()):
        prompt_length = draw(st.integers(0, length - 1))
        header_length = draw(st.integers(0, prompt_length))
        return TokenizedEntry(
            tokens, closed=closed, prompt_length=prompt_length, header_length=header_length
        )
    count = draw(st.integers(1, 3))
    borders = sorted(draw(st.lists(st.integers(0, length), min_size=4 * count, max_size=4 * count)))
    turns = [tuple(borders[4 * i : 4 * i + 4]) for i in range(count)]
    turns = [turn for turn in turns if turn[1] < turn[2] and turn[2] > 1]
    if not closed:  # the last answer ends with the end token
        if not turns:
            return TokenizedEntry(tokens)
        turns[-1] = (*turns[-1][:2], length, length)
    return TokenizedEntry(tokens, turns, closed)
