"""Trains a recipe's tokenizer on the training text alone, or takes another recipe's, and writes the corpus as token ids.

    python data/pretraining/prepare.py NAME

Reads .cache/pretraining/NAME/{train,kept}.jsonl (corpus.mjs); writes tokenizer/ and {train,kept}.npz beside them, and the tokens and the language
of each source (tokens.json, languages.json).
"""
import json
import os
import sys
from collections import Counter, defaultdict

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from recipe import MODELS, Recipe

BESIDE = {"de": "german", "it": "italian", "fr": "french", "da": "danish"}


def documents(recipe, part):
    with open(recipe.folder / f"{part}.jsonl", encoding="utf8") as lines:
        for line in lines:
            yield json.loads(line)


def language_of(document):
    """Of a parallel document the one beside English."""
    return document["language"] if document["kind"] == "text" else next(code for code, key in BESIDE.items() if key in document)


def training_text(recipe):
    """Every text as often as the recipe counts its source: what has less text would else have no tokens of its own."""
    for document in documents(recipe, "train"):
        if document["kind"] == "text":
            for _ in range(recipe.tokenizer["repeats"].get(document["source"], 0)):
                yield from document["texts"]


def train_tokenizer(recipe):
    """Byte-level BPE; every text begins as after a space, so that a word has one form at the beginning and inside."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    special = [AddedToken(token, special=True, normalized=False, lstrip=token == "<mask>") for token in recipe.special()]
    trainer = trainers.BpeTrainer(vocab_size=recipe.tokenizer["vocabulary"], special_tokens=special, min_frequency=2, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(training_text(recipe), trainer)
    return tokenizer


def made_tokenizer(recipe):
    """The recipe's own or another's. As mBART for a seq2seq model: the text, its end and its language, English unless a task says otherwise."""
    other = recipe.tokenizer.get("of")
    tokenizer = train_tokenizer(recipe) if other is None else Tokenizer.from_file(str(MODELS / other / "tokenizer.json"))
    if recipe.model["kind"] == "gpt":
        tokenizer.post_processor = None
    else:
        tokenizer.post_processor = processors.TemplateProcessing(single="$A </s> en_XX", pair="$A </s> $B:1 </s>:1 en_XX:1",
                                                                 special_tokens=[("</s>", 2), ("en_XX", 5)])
    return tokenizer


def save(recipe, tokenizer):
    folder = recipe.folder / "tokenizer"
    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    begin = "</s>" if recipe.model["kind"] == "gpt" else "<s>"
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": True, "model_max_length": recipe.model["positions"], "bos_token": begin,
              "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>", "additional_special_tokens": recipe.special()[5:],
              "clean_up_tokenization_spaces": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def encode(recipe, tokenizer, part):
    """Arrays by source. Passages: tokens, unit ends, document ends (in units). Parallel: the same, with English units before the others."""
    texts, sources, shapes = [], [], []
    for document in documents(recipe, part):
        sides = [document["texts"]] if document["kind"] == "text" else [document["english"], document[BESIDE[language_of(document)]]]
        for side in sides:
            texts.extend(side)
        sources.append(document["source"])
        shapes.append([len(side) for side in sides])
    encoded = iter(tokenizer.encode_batch(texts, add_special_tokens=False))
    tokens, units, splits = defaultdict(list), defaultdict(list), defaultdict(list)
    for source, shape in zip(sources, shapes):
        for _ in range(sum(shape)):
            ids = next(encoded).ids
            tokens[source].extend(ids)
            units[source].append(len(tokens[source]))
        splits[source].append([len(units[source]), shape[0]])
    arrays, counts = {}, Counter()
    for source in tokens:
        arrays[f"{source}.tokens"] = np.array(tokens[source], dtype=np.uint16)
        arrays[f"{source}.units"] = np.array(units[source], dtype=np.int64)
        arrays[f"{source}.documents"] = np.array(splits[source], dtype=np.int64)
        counts[source] = len(tokens[source])
    np.savez(recipe.folder / f"{part}.tmp.npz", **arrays)
    os.replace(recipe.folder / f"{part}.tmp.npz", recipe.folder / f"{part}.npz")
    return counts


def main():
    recipe = Recipe(sys.argv[1])
    tokenizer = made_tokenizer(recipe)
    save(recipe, tokenizer)
    counts = {part: encode(recipe, tokenizer, part) for part in ("train", "kept")}
    languages = {document["source"]: language_of(document) for document in documents(recipe, "train")}
    (recipe.folder / "languages.json").write_text(json.dumps(languages, indent=2) + "\n")
    (recipe.folder / "tokens.json").write_text(json.dumps(counts, indent=2) + "\n")
    for source, count in counts["train"].items():
        print(f"{source:28}{count:>12,}")
    print(f"{'in all':28}{sum(counts['train'].values()):>12,} tokens, vocabulary {tokenizer.get_vocab_size()}")


if __name__ == "__main__":
    main()
