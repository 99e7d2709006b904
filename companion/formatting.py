"""Step 1, format: an entry becomes one text, by a prompt style.

Takes an `Entry` and gives the prompt (all that a model is given, response header
included) and the whole text that it is trained on. Both come from the same pieces,
so the prompt at inference is the prompt at training, character for character. What
it leaves out: tokens, and the end token, which belongs to no text. Chapter 01.
"""

from dataclasses import dataclass

from companion.entries import Entry

ROLES = ("template", "instruction", "input", "header", "response", "suffix")
"""What a piece of text is there for, in the order in which a text has them."""


@dataclass(frozen=True)
class PromptStyle:
    """A prompt style, made of data alone: the fixed text around an entry's fields.

    `instruction` holds the slot `{instruction}` and `input` the slot `{input}`; the
    input part is left out for an entry that has no input. `closing` ends the user's
    turn, `header` begins the response, `suffix` ends it and is learned with it.

    Raises `ValueError` where a slot is missing or stands twice.

    >>> style = PromptStyle("mine", instruction="Q: {instruction}", header=" A: ")
    >>> style.prompt(Entry("Name a colour.", "", "Blue."))
    'Q: Name a colour. A: '
    """

    name: str
    instruction: str
    input: str = "\n{input}"
    closing: str = ""
    header: str = "\n"
    suffix: str = ""

    def __post_init__(self) -> None:
        for field, slot in (("instruction", "{instruction}"), ("input", "{input}")):
            if getattr(self, field).count(slot) != 1:
                raise ValueError(
                    f"prompt style {self.name!r}: {field!r} holds the slot {slot} exactly once; "
                    f"found {getattr(self, field)!r}"
                )

    def body(self, entry: Entry) -> str:
        """Give the prompt without its response header."""
        body = self.instruction.replace("{instruction}", entry.instruction)
        if entry.input:
            body += self.input.replace("{input}", entry.input)
        return body + self.closing

    def prompt(self, entry: Entry) -> str:
        """Give all that the model is given, for training and for inference alike."""
        return self.body(entry) + self.header

    def response(self, entry: Entry) -> str:
        """Give what the model is to answer: the output, and the suffix that ends it."""
        return entry.output + self.suffix

    def text(self, entry: Entry) -> str:
        """Give the whole text to train on; it is always `prompt + output + suffix`.

        >>> print(STYLES["phi3"].text(Entry("Name a colour.", "", "Blue.")))
        <|user|>
        Name a colour.
        <|assistant|>
        Blue.
        """
        return self.prompt(entry) + self.response(entry)

    def pieces(self, entry: Entry) -> list[tuple[str, str]]:
        """Give the text as (role, text) pieces, in order; the roles are those of `ROLES`.

        >>> PromptStyle("mine", "Q: {instruction}", header=" A: ").pieces(Entry("Hi", "", "Yes"))
        [('template', 'Q: '), ('instruction', 'Hi'), ('header', ' A: '), ('response', 'Yes')]
        """
        before, _, after = self.instruction.partition("{instruction}")
        pieces = [("template", before), ("instruction", entry.instruction), ("template", after)]
        if entry.input:
            before, _, after = self.input.partition("{input}")
            pieces += [("template", before), ("input", entry.input), ("template", after)]
        pieces += [
            ("template", self.closing),
            ("header", self.header),
            ("response", entry.output),
            ("suffix", self.suffix),
        ]
        return [(role, text) for role, text in pieces if text]


STYLES: dict[str, PromptStyle] = {
    style.name: style
    for style in (
        PromptStyle(
            "alpaca",
            instruction=(
                "Below is an instruction that describes a task. Write a response that "
                "appropriately completes the request.\n\n### Instruction:\n{instruction}"
            ),
            input="\n\n### Input:\n{input}",
            header="\n\n### Response:\n",
        ),
        PromptStyle(
            "phi3",
            instruction="<|user|>\n{instruction}",
            header="\n<|assistant|>\n",
        ),
        PromptStyle(
            "chatml",
            instruction="<|im_start|>user\n{instruction}",
            closing="<|im_end|>\n",
            header="<|im_start|>assistant\n",
            suffix="<|im_end|>",
        ),
        PromptStyle("plain", instruction="{instruction}"),
    )
}
"""The four prompt styles of the book by name; a reader's own needs no place here."""


def get_style(style: str | PromptStyle) -> PromptStyle:
    """Give the style itself where a name is given; raise `ValueError` for an unknown name."""
    if isinstance(style, PromptStyle):
        return style
    if style not in STYLES:
        raise ValueError(f"there is no prompt style {style!r}; there are {', '.join(STYLES)}")
    return STYLES[style]
