"""Writes a finished run as a model folder: float16 weights, configuration, tokenizer, and a card made from the run's own files.

    python data/pretraining/export.py [--run run] [--out data/models/petl-mini-seq2seq]
"""
import argparse
import hashlib
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, BartForConditionalGeneration, GenerationConfig

from transformers.utils import logging

from card import card, curve_svg
from data import CODES, WORK, Corpus, print_of_data
from model import END, PAD, VOCABULARY, MiniBart, config

HERE = Path(__file__).resolve().parent
LARGEST = 25_000_000


def trained(run):
    kept = torch.load(WORK / run / "checkpoint.pt", weights_only=False, map_location="cpu")
    if kept["fixed"]["data"] != print_of_data():
        raise SystemExit(f"run {run} was trained on other token ids than .cache/pretraining holds now: train again")
    model = MiniBart()
    model.load_state_dict(kept["model"])
    return {**model.exported(), "final_logits_bias": torch.zeros(1, VOCABULARY)}


def write_model(weights, folder):
    save_file({name: value.half() for name, value in weights.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    size = (folder / "model.safetensors").stat().st_size
    assert size <= LARGEST, f"{size} bytes are more than {LARGEST}"
    described = config()
    described.architectures, described.dtype = ["BartForConditionalGeneration"], "float16"
    described.save_pretrained(folder)
    GenerationConfig(bos_token_id=0, pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=CODES["en"]).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(WORK / "tokenizer" / name, folder / name)


def corpus_description():
    """What the corpus is, with the tokens of each source."""
    described = json.loads((HERE / "corpus.json").read_text())
    tokens = json.loads((WORK / "tokens.json").read_text())
    for part in ("train", "kept"):
        for source, row in described[part].items():
            row["tokens"] = tokens[part][source]
    return described


SHOWN = [("bible-cornilescu", "single"), ("descriptions", "long"), ("synopses", "long"), ("bible-schlachter", "single"), ("verses", "de"), ("verses", "en"), ("strings", "de")]


def samples(folder):
    """What the exported model writes for texts kept aside: the first two of each kind with 6 to 40 target tokens."""
    tokenizer, corpus = AutoTokenizer.from_pretrained(folder), Corpus("kept", 1)
    model = BartForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    rows = []
    for recipe in SHOWN:
        items = [(recipe, corpus.version(recipe, piece)) for piece in corpus.pieces[recipe]]
        items = [item for item in items if 12 <= corpus.length(*item) <= 40 or (recipe[0] in ("synopses", "strings") and 8 <= corpus.length(*item))][:2]
        for at, item in enumerate(items):
            source, _, labels = corpus.arrays([item], (9, at))
            rows.append(written(tokenizer, model, (" ".join(recipe), torch.from_numpy(source)), labels[0].tolist()))
            if recipe == ("verses", "de"):  # the direction that no pair was trained on
                rows.append(written(tokenizer, model, ("verses ro (never trained)", torch.from_numpy(source)), [CODES["ro"]]))
    return rows


def written(tokenizer, model, job, target):
    kind, source = job
    with torch.no_grad():
        out = model.generate(source, num_beams=4, max_new_tokens=60, decoder_start_token_id=target[-1])
    text = tokenizer.decode(out[0], skip_special_tokens=True)
    shown = tokenizer.decode([token for token in source[0].tolist() if token not in (PAD, END) and token not in CODES.values()])
    return {"kind": kind, "source": shown.replace("<mask>", " ▢").strip(), "target": tokenizer.decode(target, skip_special_tokens=True), "written": text}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="run")
    parser.add_argument("--out", default=str(HERE.parent / "models" / "petl-mini-seq2seq"))
    chosen = parser.parse_args()
    logging.set_verbosity_error()
    target, folder = Path(chosen.out), Path(f"{chosen.out}.tmp")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_model(trained(chosen.run), folder)
    result, corpus = json.loads((WORK / chosen.run / "result.json").read_text()), corpus_description()
    run = {**result, "samples": samples(folder), "sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
           "bytes": (folder / "model.safetensors").stat().st_size}
    (folder / "training.json").write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    (folder / "corpus.json").write_text(json.dumps(corpus, indent=2) + "\n")
    (folder / "loss.svg").write_text(curve_svg(run))
    (folder / "README.md").write_text(card(run, corpus))
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    print(f"{target}: {run['bytes'] / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
