"""The exercises of chapter 01. The truths here are plain loops, and share no code with
`companion.formatting` and `companion.entries`.
"""

import random
from typing import Any

from companion.exercises.making import Case, Exercise, Property

PREAMBLE = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)

# Words that wrong ideas stumble over: braces, headings, blanks at the ends, a falsy-looking "0".
_INSTRUCTIONS = (
    "Add.",
    "Say yes.",
    "Explain {input}.",
    "Name a {colour}",
    " Two blanks, then stop.  ",
    "What is {instruction}?",
    "### Response:\nwhat does it mean?",
)
_INPUTS = ("", "1, 2", "0", "{instruction}", '{"a": 1}', "yes\n", "None")


def _is_text(answer: Any, **case: Any) -> bool:
    return isinstance(answer, str)


def _alpaca(instruction: str, input: str) -> str:
    headed = [("### Instruction:", instruction)]
    if input != "":
        headed.append(("### Input:", input))
    headed.append(("### Response:", ""))
    told = PREAMBLE
    for heading, text in headed:
        told = told + "\n\n" + heading + "\n" + text
    return told


def _asked(dice: random.Random) -> Case:
    return {"instruction": dice.choice(_INSTRUCTIONS), "input": dice.choice(_INPUTS)}


alpaca_prompt = Exercise(
    "alpaca_prompt",
    (
        {"instruction": "Add.", "input": ""},
        {"instruction": "Add.", "input": "0"},
        {"instruction": "Add.", "input": "1, 2"},
        {"instruction": " Add. ", "input": ""},
        {"instruction": "Explain {input}.", "input": "1"},
    ),
    _asked,
    (
        Property("The answer is text.", _is_text),
        Property(
            "The prompt begins with the preamble, to the letter, the same with and without input.",
            lambda answer, instruction, input: answer.startswith(PREAMBLE + "\n"),
        ),
        Property(
            "The instruction stands below its heading, as it was written.",
            lambda answer, instruction, input: "### Instruction:\n" + instruction in answer,
        ),
        Property(
            "Where there is no input, nothing is said of an input.",
            lambda answer, instruction, input: input != "" or "### Input:" not in answer,
        ),
        Property(
            "Where there is an input, it stands below its heading, as it was written.",
            lambda answer, instruction, input: input == "" or "### Input:\n" + input in answer,
        ),
        Property(
            "The prompt ends with the response header, its newline included.",
            lambda answer, instruction, input: answer.endswith("### Response:\n"),
        ),
        Property(
            "One blank line stands between the parts, and nothing else.",
            lambda answer, instruction, input: answer == _alpaca(instruction, input),
        ),
    ),
)


def _answered(dice: random.Random) -> Case:
    output = dice.choice(("", "yes", "Blue.", "no no", "."))
    asked = dice.choice(("Say yes.", "yes or no? ", "Say Blue. Now: ", "on on ", "no no: ", "Q"))
    header = dice.choice(("\n", "\nA: ", "\n### Response:\n", "\nBlue"))
    return {"text": asked + header + output, "output": output}


inference_prompt = Exercise(
    "inference_prompt",
    (
        {"text": "Q\nyes", "output": "yes"},
        {"text": "Q\n", "output": ""},
        {"text": "yes?\nyes", "output": "yes"},
        {"text": "Say Blue.\nBlue.", "output": "Blue."},
        {"text": "seen one?\nno", "output": "no"},
    ),
    _answered,
    (
        Property("The answer is text.", _is_text),
        Property(
            "The prompt is the beginning of the text, and no letter of it is another.",
            lambda answer, text, output: text.startswith(answer),
        ),
        Property(
            "Nothing of the prompt is lost, whatever words the output is made of.",
            lambda answer, text, output: len(answer) >= len(text) - len(output),
        ),
        Property(
            "The prompt gives nothing of the output away; put together, they are the text.",
            lambda answer, text, output: answer + output == text,
        ),
    ),
)


def _filled(template: str, instruction: str, input: str) -> str:
    told, at = "", 0
    while at < len(template):
        for slot, text in (("{instruction}", instruction), ("{input}", input)):
            if template[at : at + len(slot)] == slot:
                told += text
                at += len(slot)
                break
        else:
            told += template[at]
            at += 1
    return told


_TEMPLATES = (
    "{instruction}: {input}",
    "Q: {instruction}\nwith: {input}\nA:",
    '{"q": "{instruction}", "x": "{input}"}',
    "{{instruction}} {input}{}",
)


def _kept(answer: str, template: str, instruction: str, input: str) -> bool:
    """Tell whether the template's own text, outside its slots, is in the answer in order."""
    before, _, rest = template.partition("{instruction}")
    middle, _, after = rest.partition("{input}")
    return answer.startswith(before) and middle in answer and answer.endswith(after)


fill_template = Exercise(
    "fill_template",
    (
        {"template": _TEMPLATES[0], "instruction": "Add.", "input": "1"},
        {"template": _TEMPLATES[0], "instruction": "{input}", "input": "1"},
        {"template": _TEMPLATES[0], "instruction": "a", "input": "{instruction}"},
        {"template": _TEMPLATES[0], "instruction": "", "input": ""},
        {"template": _TEMPLATES[2], "instruction": "Add.", "input": "1"},
    ),
    lambda dice: {**_asked(dice), "template": dice.choice(_TEMPLATES)},
    (
        Property("The answer is text.", _is_text),
        Property(
            "The instruction stands in the answer as it was written, braces and all.",
            lambda answer, template, instruction, input: instruction in answer,
        ),
        Property(
            "The input stands in the answer as it was written, braces and all.",
            lambda answer, template, instruction, input: input in answer,
        ),
        Property(
            "What the template says around its two slots stays, its own braces too.",
            lambda answer, template, instruction, input: _kept(
                answer, template, instruction, input
            ),
        ),
        Property(
            "Each text stands in its own slot, and nowhere else.",
            lambda answer, template, instruction, input: (
                answer == _filled(template, instruction, input)
            ),
        ),
    ),
)


def _said(dice: random.Random) -> Case:
    suffix = dice.choice(("", "<|end|>", "<|im_end|>"))
    said = dice.choice(("", "Blue.", " Blue \n", "the end", "a < b", "add|"))
    more = dice.choice(("", suffix, suffix + "\n<|user|>\nMore?" + suffix))
    return {"generated": said + more, "suffix": suffix}


def _before(generated: str, suffix: str) -> str:
    if suffix == "":
        return generated
    for at in range(len(generated)):
        if generated[at : at + len(suffix)] == suffix:
            return generated[:at]
    return generated


cut_answer = Exercise(
    "cut_answer",
    (
        {"generated": "Blue.", "suffix": ""},
        {"generated": "Blue.<|end|>", "suffix": "<|end|>"},
        {"generated": "Blue.", "suffix": "<|end|>"},
        {"generated": "the end<|end|>", "suffix": "<|end|>"},
        {"generated": "A<|end|>\nB<|end|>", "suffix": "<|end|>"},
        {"generated": " A \n<|end|>", "suffix": "<|end|>"},
    ),
    _said,
    (
        Property("The answer is text.", _is_text),
        Property(
            "Where the style has no suffix, nothing is cut.",
            lambda answer, generated, suffix: suffix != "" or answer == generated,
        ),
        Property(
            "Where the suffix was not written, nothing is cut.",
            lambda answer, generated, suffix: suffix in generated or answer == generated,
        ),
        Property(
            "The suffix is no part of the answer, however often it was written.",
            lambda answer, generated, suffix: suffix == "" or suffix not in answer,
        ),
        Property(
            "What was written before the suffix stays as it is, to the last letter and blank.",
            lambda answer, generated, suffix: answer.startswith(_before(generated, suffix)),
        ),
        Property(
            "What was written after the suffix is no part of the answer.",
            lambda answer, generated, suffix: answer == _before(generated, suffix),
        ),
    ),
)

_FIELDS = ("instruction", "input", "output")


def _faults(value: dict[str, Any]) -> list[str]:
    faults = []
    for field in _FIELDS:
        if field in value:
            if type(value[field]) is not str:
                faults.append(field)
        elif field != "input":
            faults.append(field)
    return faults


def _value(dice: random.Random) -> Case:
    found = {field: dice.choice(("a", "", "b", "c", 3, None)) for field in _FIELDS}
    left_out = [field for field in _FIELDS if dice.random() < 0.15]
    return {"value": {f: text for f, text in found.items() if f not in left_out}}


bad_field = Exercise(
    "bad_field",
    (
        {"value": {"instruction": "a", "input": "b", "output": "c"}},
        {"value": {"instruction": "a", "output": "c"}},
        {"value": {"instruction": "a", "input": "", "output": ""}},
        {"value": {"instruction": "a", "input": "b"}},
        {"value": {"instruction": "a", "output": 5}},
        {"value": {"instruction": "a", "input": None, "output": "c"}},
        {"value": {}},
    ),
    _value,
    (
        Property(
            "The answer is the name of a field, or empty text.",
            lambda answer, value: answer in ("", *_FIELDS),
        ),
        Property(
            "An empty text is a text, and no fault.",
            lambda answer, value: answer not in value or value[answer] != "",
        ),
        Property(
            "An input may be missing; that is no fault.",
            lambda answer, value: answer != "input" or "input" in value,
        ),
        Property(
            "A missing instruction or output is a fault.",
            lambda answer, value: answer != "" or ("instruction" in value and "output" in value),
        ),
        Property(
            "What is there and is no text is a fault.",
            lambda answer, value: answer != "" or _faults(value) == [],
        ),
        Property(
            "A field that is in order is not named.",
            lambda answer, value: answer == "" or answer in _faults(value),
        ),
        Property(
            "Of several faults the first one is named: instruction, then input, then output.",
            lambda answer, value: answer == "" or answer == _faults(value)[0],
        ),
    ),
)

EXERCISES = (alpaca_prompt, inference_prompt, fill_template, cut_answer, bad_field)
