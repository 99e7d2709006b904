"""Answers to the exercises of chapter 01 that learners really give, each wrong in its own way.


By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

PREAMBLE = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "alpaca_prompt": [
        (
            "def alpaca_prompt(instruction, input):\n"
            f"    return ({PREAMBLE!r}\n"
            "        + f'\\n\\n### Instruction:\\n{instruction}\\n\\n### Input:\\n{input}'\n"
            "        + '\\n\\n### Response:\\n')",
            "nothing is said of an input",
        ),
        (
            "def alpaca_prompt(instruction, input):\n"
            f"    prompt = {PREAMBLE!r} + '\\n\\n### Instruction:\\n' + instruction\n"
            "    if input:\n"
            "        prompt += '\\n\\n### Input:\\n' + input\n"
            "    return prompt + '\\n\\n### Response:'",
            "its newline included",
        ),
        (
            "def alpaca_prompt(instruction, input):\n"
            "    return STYLES['alpaca'].prompt(Entry(instruction.strip(), input, ''))",
            "The instruction stands below its heading",
        ),
        (
            "def alpaca_prompt(instruction, input):\n"
            f"    prompt = {PREAMBLE!r} + '\\n### Instruction:\\n' + instruction\n"
            "    if input:\n"
            "        prompt += '\\n### Input:\\n' + input\n"
            "    return prompt + '\\n### Response:\\n'",
            "One blank line",
        ),
        (
            "def alpaca_prompt(instruction, input):\n"
            "    preamble = 'Below is an instruction that describes a task'\n"
            "    if input:\n"
            "        preamble += ', paired with an input that provides further context'\n"
            "    body = STYLES['alpaca'].prompt(Entry(instruction, input, ''))\n"
            "    return preamble + body.partition('task')[2]",
            "begins with the preamble",
        ),
    ],
    "inference_prompt": [
        (
            "def inference_prompt(text, output):\n    return text.replace(output, '')",
            "no letter of it is another",
        ),
        (
            "def inference_prompt(text, output):\n    return text[:-len(output)]",
            "Nothing of the prompt is lost",
        ),
        (
            "def inference_prompt(text, output):\n    return text.rstrip(output)",
            "Nothing of the prompt is lost",
        ),
        (
            "def inference_prompt(text, output):\n    return text.split(output)[0]",
            "raises ValueError: empty separator",
        ),
        (
            "def inference_prompt(text, output):\n    return text",
            "gives nothing of the output away",
        ),
    ],
    "fill_template": [
        (
            "def fill_template(template, instruction, input):\n"
            "    return template.replace('{instruction}', instruction).replace('{input}', input)",
            "The instruction stands in the answer as it was written",
        ),
        (
            "def fill_template(template, instruction, input):\n"
            "    return template.replace('{input}', input).replace('{instruction}', instruction)",
            "The input stands in the answer as it was written",
        ),
        (
            "def fill_template(template, instruction, input):\n"
            "    return template.format(instruction=instruction, input=input)",
            "your function raises",
        ),
        (
            "def fill_template(template, instruction, input):\n"
            "    return instruction + ': ' + input",
            "around its two slots stays",
        ),
    ],
    "cut_answer": [
        (
            "def cut_answer(generated, suffix):\n    return generated.split(suffix)[0]",
            "raises ValueError: empty separator",
        ),
        (
            "def cut_answer(generated, suffix):\n    return generated.rstrip(suffix)",
            "Where the suffix was not written",
        ),
        (
            "def cut_answer(generated, suffix):\n    return generated.removesuffix(suffix)",
            "however often it was written",
        ),
        (
            "def cut_answer(generated, suffix):\n"
            "    return generated.split(suffix)[0].strip() if suffix else generated",
            "Where the suffix was not written",
        ),
        (
            "def cut_answer(generated, suffix):\n"
            "    return generated.replace(suffix, '') if suffix else generated",
            "What was written after the suffix",
        ),
        (
            "def cut_answer(generated, suffix):\n    return generated[:generated.find(suffix)]",
            "Where the style has no suffix",
        ),
    ],
    "bad_field": [
        (
            "def bad_field(value):\n"
            "    for field in ('instruction', 'input', 'output'):\n"
            "        if not value.get(field):\n"
            "            return field\n"
            "    return ''",
            "An empty text is a text",
        ),
        (
            "def bad_field(value):\n"
            "    for field in ('instruction', 'input', 'output'):\n"
            "        if not isinstance(value.get(field), str):\n"
            "            return field\n"
            "    return ''",
            "An input may be missing",
        ),
        (
            "def bad_field(value):\n"
            "    for field in ('instruction', 'output'):\n"
            "        if field not in value:\n"
            "            return field\n"
            "    return ''",
            "What is there and is no text",
        ),
        (
            "def bad_field(value):\n"
            "    for field in value:\n"
            "        if not isinstance(value[field], str):\n"
            "            return field\n"
            "    return ''",
            "A missing instruction or output",
        ),
        (
            "def bad_field(value):\n"
            "    for field in ('output', 'instruction', 'input'):\n"
            "        text = value.get(field, '' if field == 'input' else None)\n"
            "        if not isinstance(text, str):\n"
            "            return field\n"
            "    return ''",
            "Of several faults the first one",
        ),
    ],
}
