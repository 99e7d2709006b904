"""What an audit can say of a batch: every finding by its code, in words, with its cure.

A code stays the same from one release to the next, so that a test may ask for it; the
sentences may be said better. `companion.auditing` finds, `companion.findings` reports. What
it leaves out: when a rule applies. Chapter 08.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What can be said of a finding before there is a batch; `{where}` will name its rows."""

    severity: str
    sentence: str
    cure: str
    chapter: str


RULES: dict[str, Rule] = {
    "ignore-index-in-inputs": Rule(
        "error",
        "{where}: the ignore index stands among the inputs, where a model looks up every id.",
        "Ignore targets only; the inputs keep their pads.",
        "05_ignoring",
    ),
    "id-out-of-range": Rule(
        "error",
        "{where}: an id is no token of a vocabulary of {size}.",
        "Use the tokenizer that belongs to the model, or make room for the tokens you added.",
        "02_tokenizing",
    ),
    "ids-of-wrong-type": Rule(
        "error",
        "The {name} are {found}; {user} takes {wanted}, and refuses them.",
        "Convert them once, where the batch is made, with .long().",
        "07_collating",
    ),
    "attention-inverted": Rule(
        "error",
        "{where}: the attention mask is inverted, 0 where text stands and 1 on the padding; the "
        "model reads pads alone.",
        "Make it 1 (or True) for text: ~mask, or 1 - mask.",
        "03_padding",
    ),
    "attention-hides-text": Rule(
        "error",
        "{where}: the attention mask is 0 where text stands, so the model is graded on what "
        "follows without having read it.",
        "Make the mask by length: 1 for each token of the text, prompt included, and 0 for pads.",
        "03_padding",
    ),
    "attention-covers-pads": Rule(
        "error",
        "{where}: pads stand before the text, and the attention mask is 1 on them, so the model "
        "reads them.",
        "Make the mask by length, 0 on each pad, before rows are padded.",
        "03_padding",
    ),
    "positions-wrong": Rule(
        "error",
        "{where}: position_ids do not count up by one within the text, nor begin anew with "
        "another.",
        "Let them count 0, 1, 2 from each text's first token on.",
        "11_packing",
    ),
    "borders-contradict": Rule(
        "error",
        "{where}: {names} do not say the same of where one text ends and the next begins.",
        "Make them all from one list of lengths.",
        "11_packing",
    ),
    "nothing-supervised": Rule(
        "error",
        "No target of this batch is supervised, so its mean loss is 0 divided by 0.",
        "Find what ignored them: a mask that is too wide, or texts cut before their response.",
        "05_ignoring",
    ),
    "row-not-supervised": Rule(
        "error",
        "{where}: no target is supervised, though nothing was cut; this is wasted computing.",
        "Look at how the response is found in the text, and at what masks it.",
        "06_masking",
    ),
    "not-shifted": Rule(
        "error",
        "{where}: each target is its own input token; the model learns to repeat, and its loss "
        "is the lowest of all.",
        "Shift once: targets[i] is the token that follows inputs[i].",
        "04_shifting",
    ),
    "shifted-twice": Rule(
        "error",
        "{where}: the loss is taken two tokens on, so the model learns to skip a token.",
        "Shift in one place only: in the collate, in the dataset, or in the model.",
        "04_shifting",
    ),
    "targets-differ": Rule(
        "error",
        "{where}: a supervised target is not the token that follows its input.",
        "Make inputs and targets from one block of ids.",
        "04_shifting",
    ),
    "target-wrapped": Rule(
        "error",
        "{where}: the last target is the first token of the row, or of the next one: the targets "
        "were rolled, and a roll puts what falls off the front at the end.",
        "Shift by slices, inputs[:, 1:], and ignore the last target and those of pads.",
        "04_shifting",
    ),
    "border-crossed": Rule(
        "error",
        "{where}: where one packed entry ends, the target is the first token of the next.",
        "Shift inside each entry before joining, or ignore the target at each border.",
        "11_packing",
    ),
    "end-ignored": Rule(
        "error",
        "{where}: the end token's target is ignored, so the model is not taught to stop.",
        "Find the padding by position, not by comparing with the pad id.",
        "05_ignoring",
    ),
    "end-hidden": Rule(
        "error",
        "{where}: no target teaches the model to stop, and pad and end are one id; either the "
        "end token is hidden with the pads, or none was appended and the width was rounded up.",
        "If an end token is appended, find padding by position, in labels and attention mask, not "
        "by comparing with the pad id; if none is, append it to each text, once, before padding.",
        "05_ignoring",
    ),
    "no-end-token": Rule(
        "error",
        "{where}: the text has no end token, so the model is not taught to stop.",
        "Append the end token to each text, once, before padding.",
        "03_padding",
    ),
    "padding-supervised": Rule(
        "error",
        "{where}: pads are supervised, so the model learns to go on after the end.",
        "Ignore every target after the end token.",
        "05_ignoring",
    ),
    "prompt-supervised": Rule(
        "error",
        "{where}: targets that mask '{mask}' should leave out are supervised.",
        "Compare where the mask begins with the number of tokens in the prompt.",
        "06_masking",
    ),
    "response-ignored": Rule(
        "error",
        "{where}: targets that mask '{mask}' should keep are ignored.",
        "Compare where the mask ends with the number of tokens in the prompt.",
        "06_masking",
    ),
    "text-ignored": Rule(
        "error",
        "{where}: targets within the text are ignored, though no mask was declared.",
        "Take the mask away, or declare it.",
        "06_masking",
    ),
    "begins-twice": Rule(
        "error",
        "{where}: the text begins with the beginning of sequence twice.",
        "Let either the template or the tokenizer add it (add_special_tokens=False).",
        "02_tokenizing",
    ),
    "begin-missing": Rule(
        "error",
        "{where}: the text does not begin with the beginning of sequence that is declared.",
        "Let the template or the tokenizer add it, once, to every text.",
        "02_tokenizing",
    ),
    "left-padding": Rule(
        "error",
        "{where}: pads stand before the text, and neither an attention mask nor positions "
        "keep the model from reading them.",
        "Pad on the right for training, or pass attention_mask and position_ids.",
        "03_padding",
    ),
    "end-unknown": Rule(
        "undetermined",
        "Which id ends a text is not declared, and GPT-2's stands nowhere in this batch; whether "
        "the model is taught to stop cannot be judged.",
        "Declare it: audit(batch, tokenizer=tokenizer), or expect=Expectation(end_id=...).",
        "03_padding",
    ),
    "left-padding-undetermined": Rule(
        "undetermined",
        "{where}: the text begins with the pad id; it may be text, or padding on the left.",
        "Pass the attention mask.",
        "03_padding",
    ),
    "attention-unread": Rule(
        "undetermined",
        "The {name} cannot be read, {found}; all else is judged without it.",
        "Give it as (rows, columns), 1 for text, or as (rows, 1, columns, columns).",
        "03_padding",
    ),
    "loss-mask-undetermined": Rule(
        "undetermined",
        "{where}: the {name} may speak of the token in its place, or of the one after it; read "
        "by the first no end token is learned, by the second each is.",
        "Declare it: shifted=False for the token in its place, True for the one that follows.",
        "04_shifting",
    ),
    "padding-undetermined": Rule(
        "undetermined",
        "{where}: after an end token more of them are supervised; they may be text, or pads.",
        "Pass the attention mask.",
        "05_ignoring",
    ),
    "shift-undetermined": Rule(
        "undetermined",
        "No row tells whether the targets are shifted: the supervised ones are too few, or "
        "all alike.",
        "Audit a batch of longer texts.",
        "04_shifting",
    ),
    "mask-undetermined": Rule(
        "undetermined",
        "{where}: mask '{mask}' cannot be judged, since where the prompt ends is not known.",
        "Declare the prompt style whose response header stands in the text, or the spans.",
        "06_masking",
    ),
    "positions-missing": Rule(
        "note",
        "{where}: pads stand before the text and are masked, but no position_ids count from "
        "the text's first token.",
        "Pass position_ids to a model with absolute positions, such as GPT-2.",
        "03_padding",
    ),
    "positions-count-pads": Rule(
        "note",
        "{where}: position_ids count the pads before the text, too.",
        "Count from the text's first token, for a model with absolute positions, such as GPT-2.",
        "03_padding",
    ),
    "positions-jump": Rule(
        "note",
        "{where}: position_ids leave numbers out within the text.",
        "Let them count 0, 1, 2, unless the row is a part of a longer one.",
        "11_packing",
    ),
    "future-seen": Rule(
        "note",
        "{where}: the attention mask lets a token see the very target that it is graded on; this "
        "is right only where the model adds the causal rule itself.",
        "Take the upper triangle out of the mask, unless the model does.",
        "11_packing",
    ),
    "begins-alike": Rule(
        "note",
        "{where}: the text begins with one token twice, as where template and tokenizer both add "
        "the beginning of sequence.",
        "Declare begin_id, and see who adds it (add_special_tokens=False).",
        "02_tokenizing",
    ),
    "header-supervised": Rule(
        "note",
        "{where}: the last token of each response header is supervised; some training templates "
        "do so, and so does a mask that ends one token early.",
        "See that it is meant: at inference the prompt ends with this token.",
        "06_masking",
    ),
    "ends-twice": Rule(
        "note",
        "{where}: the text ends twice; its template or the tokenizer wrote an end token, and "
        "what builds the batch appended a second.",
        "Let one of them write it; Collator and trainers have a setting for texts that bring one.",
        "02_tokenizing",
    ),
    "response-lost": Rule(
        "note",
        "{where}: of the response nothing is left at this max_length, and nothing is supervised.",
        "Raise max_length, shorten the prompt, or drop such entries.",
        "07_collating",
    ),
    "response-cut": Rule(
        "note",
        "{where}: the text is cut at max_length and has no end token to learn from.",
        "Raise max_length, or choose a truncation that keeps the end or drops the entry.",
        "07_collating",
    ),
    "border-moved": Rule(
        "note",
        "{where}: one token holds the end of the prompt and the beginning of the response; "
        "given the prompt alone, the model meets other tokens there.",
        "Encode prompt and response apart, in training as at inference.",
        "02_tokenizing",
    ),
    "special-in-text": Rule(
        "note",
        "{where}: the end or pad id also stands within the text; an entry held it, or several "
        "entries share a row, and nothing tells their borders.",
        "Encode an entry's text as ordinary text; for packed rows pass position_ids that begin "
        "anew with each entry.",
        "02_tokenizing",
    ),
    "special-typed": Rule(
        "note",
        "{where}: the text spells out {name}, as ordinary tokens.",
        "Look at where this text comes from; some tokenizers would read a real end token there.",
        "02_tokenizing",
    ),
    "mostly-padding": Rule(
        "note",
        "Of the slots of this batch, {share} are padding.",
        "Batch texts of like length together, or pack them.",
        "09_bucketing",
    ),
}
"""Every finding there is, by its code, in the order in which a report names them."""
