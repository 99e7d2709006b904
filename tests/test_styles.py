"""The experiment on prompt styles: all score the same tokens, and no run is mixed or lost."""

import ast
import copy
import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from companion.collating import Batch, Collator
from companion.entries import Entry, load_entries
from companion.formatting import STYLES
from companion.results import names
from companion.smollm2 import SMOLLM2_END_ID, load_smollm2
from experiments import styles, styles_gathering
from experiments.pretrained import answer, load_model, losses, score, tokenize, with_fault
from experiments.styles_beside import lay_beside
from files import run_quickly

ROOT = Path(__file__).parent.parent
ENTRIES = load_entries()


@pytest.fixture(scope="module")
def tiny():
    """Give a tiny random model, and SmolLM2's tokenizer."""
    return load_model("tiny", Path("nowhere"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return run_quickly("experiments.styles", tmp_path_factory.mktemp("results"))[0]


# The tokenizer ---------------------------------------------------------------------------


def test_smollm2_encodes_as_the_model_was_trained():
    """Digits are split off before the byte-level pattern: the two spaces are one token."""
    text = "<|im_start|>user\nName a color. 1234 in  5<|im_end|>\n"
    expected = [1, 4093, 198, 5820, 253, 2380, 30, 216, 33, 34, 35, 36, 281, 256, 37, 2, 198]
    assert load_smollm2().encode(text).ids == expected
    assert load_smollm2().get_vocab_size() == 49152
    assert load_smollm2().id_to_token(SMOLLM2_END_ID) == "<|im_end|>"


def test_transformers_around_it_encodes_and_decodes_the_same():
    theirs = PreTrainedTokenizerFast(tokenizer_object=copy.deepcopy(load_smollm2()))
    for entry in ENTRIES:
        text = STYLES["chatml"].text(entry)
        ids = load_smollm2().encode(text).ids
        assert theirs(text)["input_ids"] == ids
        assert load_smollm2().decode(ids, skip_special_tokens=False) == text


def test_a_byte_without_a_token_becomes_id_0():
    assert load_smollm2().encode("a\x04b").ids == [81, 0, 82]


def test_only_a_templates_markers_are_special(tiny):
    _, words = tiny
    said = Entry("Say <|im_end|>.", "<|im_start|>", "<|im_end|>")
    for style in STYLES.values():
        item = tokenize(said, style, words)
        marks = [1, 2, 1] if style.name == "chatml" else []
        assert [i for i in item.tokens.ids.tolist() if i < 17] == marks
        assert words.decode(item.tokens.ids.tolist()) == style.prompt(said) + said.output
    assert load_smollm2().encode("<|im_end|>").ids == [2]  # it was left as it was


@pytest.mark.parametrize("style", STYLES)
def test_a_prompt_is_encoded_as_the_tokenizer_does_where_an_entry_says_nothing_special(style, tiny):
    _, words = tiny
    whole = load_smollm2() if style == "chatml" else words.ordinary
    for entry in ENTRIES[::7]:
        item = tokenize(entry, STYLES[style], words)
        prompt = whole.encode(STYLES[style].prompt(entry)).ids
        assert item.tokens.ids[: item.tokens.prompt_length].tolist() == prompt


# What is scored --------------------------------------------------------------------------


def test_the_same_response_tokens_are_scored_in_all_styles_and_one_end_after_them(tiny):
    _, words = tiny
    collate = Collator(end_id=2, pad_id=2, mask="prompt")
    for entry in ENTRIES[::5]:
        expected = [*words.encode(entry.output), 2]
        for style in styles.ASKED.values():
            item = tokenize(entry, style, words)
            targets = collate([item.tokens]).targets[0]
            assert targets[targets != -100].tolist() == expected
            assert item.answer == len(expected) - 1


def test_a_score_is_that_of_the_whole_logits_one_entry_at_a_time(tiny):
    model, words = tiny
    items = [tokenize(entry, STYLES["phi3"], words) for entry in ENTRIES[20:29]]
    found = score(model, items, 2, rows=4)
    for item, (sum_, end) in zip(items, found, strict=True):
        ids = torch.tensor([*item.tokens.ids.tolist(), 2])
        logs = model(ids[None]).logits[0].log_softmax(-1)
        each = [-logs[at - 1, ids[at]].item() for at in range(item.tokens.prompt_length, len(ids))]
        assert math.isclose(sum_, sum(each[:-1]), rel_tol=1e-4)
        assert math.isclose(end, each[-1], rel_tol=1e-4)


def test_the_training_loss_is_that_of_the_whole_logits(tiny):
    model, words = tiny
    items = [tokenize(entry, STYLES["alpaca"], words).tokens for entry in ENTRIES[:5]]
    for mask in ("none", "prompt"):
        batch = Collator(end_id=2, pad_id=2, mask=mask)(items)
        logits = model(batch.inputs).logits
        expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten())
        assert losses(model, batch)[0].mean().item() == pytest.approx(expected.item(), rel=1e-5)


def test_answers_of_a_batch_are_those_of_generate_one_by_one():
    """With a vocabulary of 20, random answers do end, so rows leave the batch at other times."""
    from transformers import AutoModelForCausalLM, LlamaConfig

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=20,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.5,
    )
    model = AutoModelForCausalLM.from_config(config).eval()
    prompts = [[5, 6, 7, 8, 9, 10], [11], [3, 4], [15, 16, 17], [12, 13], [18], [9, 9, 4]]
    found = answer(model, prompts, end_id=2, most=12)
    for prompt, ids in zip(prompts, found, strict=True):
        given = model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            do_sample=False,
            max_new_tokens=12,
            eos_token_id=2,
            pad_token_id=0,
        )
        assert given[0, len(prompt) :].tolist() == ids
    assert len({len(ids) for ids in found}) > 1


def test_a_fault_changes_the_targets_it_is_named_for():
    batch = Batch(torch.tensor([[5, 6, 7], [8, 9, 2]]), torch.tensor([[-100, 7, 2], [9, 2, -100]]))
    assert with_fault(batch, "") == batch
    assert with_fault(batch, "not shifted").targets.tolist() == [[-100, 6, 7], [8, 9, -100]]
    assert with_fault(batch, "end ignored").targets.tolist() == [[-100, 7, -100], [9, -100, -100]]
    with pytest.raises(ValueError, match="a fault is one of not shifted, end ignored; found 'x'"):
        with_fault(batch, "x")


# Which entries ---------------------------------------------------------------------------


def test_no_question_is_both_trained_on_and_held_out(tiny):
    _, words = tiny
    entries = styles.choose(styles.FULL, words)
    questions = [
        {(entry.instruction, entry.input) for entry in part}
        for part in (entries.training, entries.held)
    ]
    assert questions[0] & questions[1] == set()
    assert len(entries.held) == 100
    assert sum(entries.held[at].task in styles.EXACT for at in entries.answered) == 30
    assert len(entries.answered) == 40
    assert len({entry.output for entry in styles.learned(entries, 0, styles.FULL)}) > 150


def test_half_of_the_updates_are_one_epoch_of_a_seeds_own_entries(tiny):
    _, words = tiny
    entries = styles.choose(styles.FULL, words)
    mine = styles.learned(entries, 1, styles.FULL)
    batches = styles.order(mine, 1, styles.FULL, words)
    epochs = [[next(batches) for _ in range(30)] for _ in range(2)]
    for epoch in epochs:
        assert sorted(place for batch in epoch for place in batch) == list(range(240))
        assert {len(batch) for batch in epoch} == {8}
    assert epochs[0] != epochs[1]
    assert mine != styles.learned(entries, 2, styles.FULL)


# Run by run ------------------------------------------------------------------------------


def small_lab(tiny, **rest):
    return styles.Lab(*tiny, styles.QUICK, quiet=True, **rest)


def without_time(run):
    return {key: run[key] for key in ("cell", "scores", "training", "answers") if key in run}


def test_a_run_is_the_same_whatever_ran_before_it(tiny):
    lab = small_lab(tiny)
    cells = styles.cells("A", styles.QUICK)[2:4]
    first = [without_time(lab.run(cell)) for cell in cells]
    again = [without_time(lab.run(cell)) for cell in reversed(cells)]
    assert first == again[::-1]
    assert first[0]["scores"] != first[1]["scores"]


def test_what_was_kept_of_a_run_scores_as_the_run_did(tiny, tmp_path):
    cell = styles.Cell("after", "plain", "none", 0.05, 1)
    lab = small_lab(tiny, weights=tmp_path)
    ran = lab.run(cell)["scores"]["4"]["held"]
    kept = lab.run(replace(cell, kind="crossed"))["crossed"]
    assert [file.name for file in tmp_path.iterdir()] == [f"{cell.name}.pt"]
    (tmp_path / f"{cell.name}.pt").unlink()
    anew = lab.run(replace(cell, kind="crossed"))["crossed"]
    assert anew["plain"] == ran
    np.testing.assert_allclose(kept["plain"], ran, rtol=0.01)
    assert kept["chatml"] != kept["plain"]
    lab.reset()
    assert not np.allclose(lab.scores("plain", [])["held"], ran, rtol=0.01)


def test_a_stopped_script_goes_on_with_the_runs_that_are_missing(tiny, tmp_path):
    lab = small_lab(tiny)
    same, wanted = styles.described(lab, "tiny", False), styles.cells("A", styles.QUICK)[:3]
    styles.go_on(lab, tmp_path, wanted[:2], same)
    (tmp_path / f"{wanted[2].name}.json.unfinished").write_text("{")  # as it was cut off
    before = {file.name: file.read_bytes() for file in tmp_path.glob("*.json")}
    assert set(before) == {f"{cell.name}.json" for cell in wanted[:2]}
    styles.go_on(lab, tmp_path, wanted, same)
    after = {file.name: file.read_bytes() for file in tmp_path.glob("*.json")}
    assert set(after) == {f"{cell.name}.json" for cell in wanted}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("part", ["code", "weights", "protocol"])
def test_runs_of_other_code_weights_or_protocol_are_not_mixed(part, tiny, tmp_path):
    lab = small_lab(tiny)
    same, wanted = styles.described(lab, "tiny", False), styles.cells("A", styles.QUICK)[:2]
    styles.go_on(lab, tmp_path, wanted[:1], same)
    other = {**same, part: "another"}
    with pytest.raises(ValueError, match=f"is a run with another '{part}'; runs are not mixed"):
        styles.go_on(lab, tmp_path, wanted, other)
    run = json.loads((tmp_path / f"{wanted[0].name}.json").read_text())
    (tmp_path / "other.json").write_text(json.dumps({**run, "same": {**run["same"], part: "x"}}))
    with pytest.raises(ValueError, match=f"differ in '{part}': runs are not mixed"):
        styles_gathering.gather(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_module_that_a_run_imports_is_hashed():
    reached, open_ = set(), ["experiments/styles.py"]
    while open_:
        file = open_.pop()
        if file in reached:
            continue
        reached.add(file)
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in (
                "companion",
                "experiments",
            ):
                open_.append(f"{node.module.replace('.', '/')}.py")
    # Gathering reads runs and makes none; a change of it leaves them valid.
    gathers = {
        "experiments/styles_gathering.py",
        "experiments/styles_beside.py",
        "companion/resampling.py",
    }
    assert reached - gathers == {name for name in styles.CODE if name.endswith(".py")}


# All of it, on a tiny random model -------------------------------------------------------


def test_a_quick_run_is_of_every_cell(quick):
    tiers = quick["tiers"]
    assert tiers["A"] == {"runs": 10, "finished": 10, "whole": True, "missing": []}
    assert tiers["B"] == {"runs": 19, "finished": 19, "whole": True, "missing": []}
    missing = tiers["C"].pop("missing")
    assert tiers["C"] == {"runs": 12, "finished": 0, "whole": False}
    assert missing == [cell.name for cell in styles.cells("C", styles.QUICK)]
    assert len(quick["runs"]) == 29
    assert quick["same"]["code"] == styles.code_hashes()
    json.dumps(quick, allow_nan=False)


def test_a_mean_is_that_of_the_losses_that_are_kept_beside_it(quick):
    (condition,) = (
        one
        for one in quick["conditions"]
        if (one["kind"], one["style"], one["mask"], one.get("rate"), one["updates"])
        == ("after", "plain", "prompt", 5e-5, 4)
    )
    tokens = sum(entry["answer"] + 1 for entry in quick["same"]["held"])
    sums = []
    for run in quick["runs"]:
        cell = run["cell"]
        if (cell["kind"], cell["style"], cell["mask"]) == ("after", "plain", "prompt") and cell[
            "rate"
        ] == 5e-5:
            answers, ends = run["scores"]["4"]["held"]
            sums.append((sum(answers) + sum(ends)) / tokens)
    assert len(sums) == 2
    assert condition["loss"]["mean"] == pytest.approx(sum(sums) / 2, abs=2e-3)


def test_tier_a_compares_what_differs_in_one_thing(quick):
    found = [one for one in quick["comparisons"]["A"] if one["measure"] == "loss"]
    factors = [one["differs in"] for one in found]
    # Two styles before, and after each mask and length; masks in each style and length, and
    # over both styles in each length; lengths.
    assert sorted(set(factors)) == ["mask", "style", "updates"]
    assert [factors.count(name) for name in ("mask", "style", "updates")] == [6, 5, 4]
    masked = [one for one in found if one["differs in"] == "mask"]
    assert {(one["one"]["mask"], one["other"]["mask"]) for one in masked} == {("prompt", "none")}
    assert all(one["chance, corrected"] >= one["chance"] for one in found)


def test_another_style_is_compared_with_the_one_that_was_trained_and_with_no_third(quick):
    found = [one for one in quick["comparisons"]["B"] if one["measure"] == "loss"]
    crossed = [one for one in found if one["one"]["kind"] == "crossed"]
    assert [one["differs in"] for one in crossed] == ["asked"] * 4  # two styles, two masks
    for one in crossed:
        assert one["one"]["style"] == one["other"]["style"]
        assert one["one"]["style"] in (one["one"]["asked"], one["other"]["asked"])


def test_a_quick_run_does_not_overwrite_the_packaged_figures(capsys):
    with pytest.raises(SystemExit):
        styles.main(["--quick"])
    assert "--quick needs --out" in capsys.readouterr().err


def test_the_predictions_are_those_that_are_laid_beside_the_results():
    """Where there are packaged figures, they carry the predictions as they were committed."""
    if "styles" in names():
        from companion.results import load

        text = (ROOT / "experiments" / "predictions.json").read_text(encoding="utf-8")
        assert load("styles")["predicted"] == json.loads(text)


def of_masks(figures, measure, style):
    return [
        one
        for one in figures["comparisons"]["A"]
        if (one["measure"], one["differs in"], one["one"]["style"]) == (measure, "mask", style)
    ]


def made_up(style, mask, seed, held, trained):
    """Give a run as it would be stored, with these losses a token on all entries."""
    cell = styles.Cell("after" if mask else "before", style, mask or "none", 5e-5, seed)
    lengths = [1, 3]
    same = {
        "protocol": {"styles": ["chatml", "plain"], "updates": 60},
        "held": [{"task": "lists", "answer": n} for n in lengths],
        "trained": {"0": lengths, "1": lengths},
    }

    def losses(each):
        return [[each * n, each] for n in lengths]

    own = [seed] if mask else [0, 1]
    scores = {"held": losses(held), **{f"trained {n}": losses(trained) for n in own}}
    answers = [{"entry": 0, "stopped": mask == "prompt", "exact": False}]
    made = {"cell": asdict(cell), "same": same, "answers": answers}
    return {**made, "scores": {"60" if mask else "0": scores}}


def test_what_a_mask_does_in_all_styles_is_the_mean_of_what_it_does_in_each():
    runs = [made_up(style, "", 0, 4.0, 4.0) for style in ("chatml", "plain")]
    for seed in (0, 1):
        runs += [made_up(style, "none", seed, 2.0, 1.5) for style in ("chatml", "plain")]
        runs.append(made_up("chatml", "prompt", seed, 2.1 + seed, 1.4))
        runs.append(made_up("plain", "prompt", seed, 2.7 if seed else 2.5, 0.5))
    table = styles_gathering.Table(runs)
    (pairs,) = styles_gathering.masks_over_styles(set(table.runs), ["chatml", "plain"])
    loss, gap, stops = (table.pooled(pairs, name) for name in ("loss", "gap", "stops"))
    assert loss.seeds == [0, 1]
    assert loss.by_seed == pytest.approx([(0.1 + 0.5) / 2, (1.1 + 0.7) / 2])
    assert loss.mean == pytest.approx((0.3 + 0.9) / 2)
    # Fell by 2.5 on trained entries and 2.0 on others: a gap of 0.5; with the mask 0.7 and 2.0,
    # and with the other seed 1.7 and 2.2.
    assert gap.by_seed == pytest.approx([(0.2 + 1.5) / 2, (1.2 + 1.7) / 2])
    assert stops.mean == 1.0
    assert stops.rounds.min() == 1.0
    assert not [*styles_gathering.masks_over_styles(set(table.runs), ["alpaca", "chatml"])]


def test_a_prediction_is_held_to_the_measured_mean_or_interval():
    predicted = json.loads(styles_gathering.PREDICTED.read_text(encoding="utf-8"))
    conditions = [
        {
            "kind": "before",
            "style": style,
            "mask": "none",
            "updates": 0,
            "loss": {"mean": loss, "interval": [loss - 0.1, loss + 0.1]},
            "stops": {"mean": stops, "interval": [0.5, 0.7]},
        }
        for style, loss, stops in (
            *(("chatml", 2.5, 0.55), ("alpaca", 2.3, 0.6)),
            *(("phi3", 2.4, 0.6), ("plain", 2.6, 0.6)),
        )
    ]
    mask = {"measure": "loss", "differs in": "mask", "smallest effect": 0.03}
    sides = ({"style": "all", "mask": m, "updates": 60} for m in ("prompt", "none"))
    mask |= dict(zip(("one", "other"), sides, strict=True))
    conditions.append({"kind": "after", "style": "plain", "mask": "none", "updates": 60})
    lines = lay_beside(
        predicted, conditions, [{**mask, "difference": 0.1, "interval": [0.05, 0.2]}]
    )
    found = {line["about"]: (line["came"], line["verdict"]) for line in lines}
    assert found["loss of chatml before"] == ("2.50 [2.40, 2.60]", "missed")  # 1.5 to 2.4
    assert found["loss of alpaca before"] == ("2.30 [2.20, 2.40]", "as predicted")
    assert found["the best style before"] == ("alpaca first, by 0.10", "missed")
    assert found["chatml stops before"] == ("0.55 [0.50, 0.70]", "as predicted")  # said 0.6
    assert found["alpaca stops before"] == ("0.60 [0.50, 0.70]", "missed")  # said 0.4
    assert found["the mask lowers the loss by"] == ("-0.10 [-0.20, -0.05]", "missed")
    assert found["loss of plain after, nothing masked"] == ("", "not measured")


def test_a_difference_is_the_mean_of_what_each_seed_gave(quick):
    for one in quick["comparisons"]["A"]:
        assert len(one["by seed"]) == len(one["seeds"])
        if one["measure"] != "gap":  # seeds have trained entries of their own, of other lengths
            mean = sum(one["by seed"]) / len(one["by seed"])
            assert one["difference"] == pytest.approx(mean, abs=2e-4)


def test_a_mask_changes_the_cost_in_supervised_tokens_alone(quick):
    costs = {(one["style"], one["mask"]): one for one in quick["costs"] if one["rate"] == 5e-5}
    for style in ("chatml", "plain"):
        plain, masked = costs[style, "none"], costs[style, "prompt"]
        assert [masked[key] for key in ("text", "slots")] == [plain[k] for k in ("text", "slots")]
        assert plain["supervised"] == plain["text"]  # all but each row's first, and its end
        assert masked["supervised"] < plain["supervised"]
    assert costs["plain", "none"]["text"] < costs["chatml", "none"]["text"]


def test_where_runs_are_missing_the_seeds_that_both_sides_have_are_compared(tiny, tmp_path):
    lab = small_lab(tiny)
    wanted = [c for c in styles.cells("A", styles.QUICK) if c.mask == "none"]
    wanted = [c for c in wanted if (c.style, c.seed) != ("plain", 1)]
    wanted.append(styles.Cell("after", "chatml", "prompt", 5e-5, 0))
    styles.go_on(lab, tmp_path, wanted, styles.described(lab, "tiny", False))
    styles_gathering.gather(tmp_path, tmp_path / "out")
    found = json.loads((tmp_path / "out").read_text())
    assert found["tiers"]["A"]["finished"] == 6
    assert "after-plain-none-5e-05-seed1" in found["tiers"]["A"]["missing"]
    assert of_masks(found, "loss", "chatml")
    assert not of_masks(found, "loss", "all"), "chatml alone is not all"
    after = [one for one in found["comparisons"]["A"] if one["one"]["kind"] == "after"]
    seeds = {
        (one["differs in"], one["one"]["style"], one["one"]["mask"]): one["seeds"] for one in after
    }
    assert seeds == {
        ("style", "chatml", "none"): [0],
        ("mask", "chatml", "prompt"): [0],
        ("updates", "chatml", "none"): [0, 1],
        ("updates", "chatml", "prompt"): [0],
        ("updates", "plain", "none"): [0],
    }
    means = [one["seeds"] for one in found["conditions"]]
    assert means == [[0]] * len(means), "means side by side are of the same seeds"
    verdicts = {line["about"]: line["verdict"] for line in found["beside"]}
    assert verdicts["loss of plain after, prompt masked"] == "not measured"
    assert verdicts["the mask lowers the loss by"] == "not measured"


def test_one_command_asks_the_same_of_another_model_and_of_entries_of_ones_own(
    tiny, tmp_path, monkeypatch
):
    """They have no kinds, so nothing is counted as exact, and nothing fails for that."""
    file, out = tmp_path / "mine.jsonl", tmp_path / "mine.json"
    lines = [{"instruction": f"Say {n}.", "output": f"{n}"} for n in range(60)]
    file.write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.setattr(styles, "FULL", styles.QUICK)
    monkeypatch.setattr(styles, "load_model", lambda name, cache: tiny)
    given = {"--runs": tmp_path / "runs", "--model": "mine", "--data": file, "--out": out}
    command = [str(part) for pair in given.items() for part in pair]
    styles.main([*command, "--share", "0/10"])
    found = json.loads(out.read_text())
    assert (found["predicted"], found["beside"], found["questions"]) == ({}, [], {})
    (condition,) = found["conditions"]
    assert "stops" in condition
    assert "exact" not in condition
    file.write_text("\n".join(map(json.dumps, lines[1:])))
    with pytest.raises(ValueError, match="is a run with another 'data'; runs are not mixed"):
        styles.main(command)
