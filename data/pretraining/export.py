"""Writes a run as a model folder: float16 weights, configuration, tokenizer, and a card made from the run's own files.

    python data/pretraining/export.py NAME [--run run] [--out data/models/NAME]
"""
import argparse
import hashlib
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import BartConfig, GenerationConfig, GPT2Config
from transformers.utils import logging

from card import write_card
from layers import END, PAD
from objective import model_of
from recipe import HERE, MODELS, Recipe
from samples import samples

LARGEST = 25_000_000


def trained(recipe, run):
    kept = torch.load(recipe.folder / run / "checkpoint.pt", weights_only=True, map_location="cpu")
    if kept["fixed"]["data"] != recipe.print_of_data():
        raise SystemExit(f"run {run} was trained on other token ids than {recipe.folder} holds now: train again")
    model = model_of(recipe)
    model.load_state_dict(kept["model"])
    return model.exported()


def bart(recipe):
    shape, start = recipe.model, recipe.codes()["en"]
    config = BartConfig(
        vocab_size=len(recipe.vocabulary()), max_position_embeddings=shape["positions"], d_model=shape["width"], encoder_layers=shape["layers"],
        decoder_layers=shape["layers"], encoder_attention_heads=shape["heads"], decoder_attention_heads=shape["heads"],
        encoder_ffn_dim=shape["ffn"], decoder_ffn_dim=shape["ffn"], activation_function="gelu", dropout=0.0, attention_dropout=0.0,
        activation_dropout=0.0, scale_embedding=False, bos_token_id=0, pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=start,
        forced_bos_token_id=None, forced_eos_token_id=None, tie_word_embeddings=True, architectures=["BartForConditionalGeneration"])
    return config, GenerationConfig(bos_token_id=0, pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=start)


def gpt(recipe):
    shape = recipe.model
    config = GPT2Config(
        vocab_size=len(recipe.vocabulary()), n_positions=shape["positions"], n_embd=shape["width"], n_layer=shape["layers"], n_head=shape["heads"],
        n_inner=shape["ffn"], activation_function="gelu_new", resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=END, eos_token_id=END,
        pad_token_id=PAD, tie_word_embeddings=True, architectures=["GPT2LMHeadModel"])
    return config, GenerationConfig(bos_token_id=END, pad_token_id=PAD, eos_token_id=END)


def write_model(recipe, weights, folder):
    if recipe.model["kind"] == "bart":
        weights["final_logits_bias"] = torch.zeros(1, len(recipe.vocabulary()))
    save_file({name: value.half() for name, value in weights.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    size = (folder / "model.safetensors").stat().st_size
    assert size <= LARGEST, f"{size} bytes are more than {LARGEST}"
    config, generation = {"bart": bart, "gpt": gpt}[recipe.model["kind"]](recipe)
    config.dtype = "float16"
    config.save_pretrained(folder)
    generation.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(recipe.folder / "tokenizer" / name, folder / name)


def corpus_description(recipe):
    """What the corpus is, with the tokens of each source."""
    described = json.loads((HERE / recipe.name / "corpus.json").read_text())
    tokens = json.loads((recipe.folder / "tokens.json").read_text())
    for part in ("train", "kept"):
        for source, row in described[part].items():
            row["tokens"] = tokens[part][source]
    return described


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="folder beside this file with recipe.json")
    parser.add_argument("--run", default="run")
    parser.add_argument("--out", help="another folder than data/models/NAME")
    chosen = parser.parse_args()
    logging.set_verbosity_error()
    recipe = Recipe(chosen.recipe)
    target = Path(chosen.out or MODELS / recipe.name)
    folder = Path(f"{target}.tmp")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_model(recipe, trained(recipe, chosen.run), folder)
    result = json.loads((recipe.folder / chosen.run / "result.json").read_text())
    weights = (folder / "model.safetensors").read_bytes()
    run = {**result, "samples": samples(recipe, folder), "sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)}
    (folder / "training.json").write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    (folder / "corpus.json").write_text(json.dumps(corpus_description(recipe), indent=2) + "\n")
    write_card(recipe.name, folder)
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    print(f"{target}: {len(weights) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
