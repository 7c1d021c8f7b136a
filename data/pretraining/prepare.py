"""Trains the tokenizer on the training text alone and writes the corpus as token ids.

    python data/pretraining/prepare.py

Reads .cache/pretraining/{train,kept}.jsonl (corpus.mjs); writes tokenizer/ and {train,kept}.npz beside them, and tokens.json: tokens of each source.
"""
import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / ".cache" / "pretraining"
VOCABULARY = 8192
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "en_XX", "ro_RO", "de_DE"]
# How often a text is counted: Romanian and German have less text than English, and five Bibles would outweigh everything else.
REPEATS = {"bible-cornilescu": 3, "strings-ro": 6, "strings-de": 4, "strings-en": 2, "bible-elberfelder": 1, "bible-schlachter": 1,
           "bible-world-english": 1, "descriptions": 2, "synopses": 3, "news": 1, "news-leads": 1, "definitions": 1, "conversations": 1}


def documents(part):
    with open(WORK / f"{part}.jsonl", encoding="utf8") as lines:
        for line in lines:
            yield json.loads(line)


def training_text():
    for document in documents("train"):
        if document["kind"] == "text":
            for _ in range(REPEATS.get(document["source"], 0)):
                yield from document["texts"]


def train_tokenizer():
    """Byte-level BPE; every text begins as after a space, so that a word has one form at the beginning and inside."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    special = [AddedToken(token, special=True, normalized=False, lstrip=token == "<mask>") for token in SPECIAL]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, min_frequency=2, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(training_text(), trainer)
    # As mBART: the text, its end and its language. English unless a task says otherwise.
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s> en_XX", pair="$A </s> $B:1 </s>:1 en_XX:1",
                                                             special_tokens=[("</s>", 2), ("en_XX", 5)])
    return tokenizer


def save(tokenizer):
    folder = WORK / "tokenizer"
    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 256, "bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>",
              "unk_token": "<unk>", "mask_token": "<mask>", "additional_special_tokens": SPECIAL[5:], "clean_up_tokenization_spaces": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def encode(tokenizer, part):
    """Arrays by source. Passages: tokens, unit ends, document ends (in units). Parallel: the same, with English units before German ones."""
    texts, sources, shapes = [], [], []
    for document in documents(part):
        sides = [document["texts"]] if document["kind"] == "text" else [document["english"], document["german"]]
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
    np.savez(WORK / f"{part}.tmp.npz", **arrays)
    os.replace(WORK / f"{part}.tmp.npz", WORK / f"{part}.npz")
    return counts


def main():
    tokenizer = train_tokenizer()
    save(tokenizer)
    counts = {part: encode(tokenizer, part) for part in ("train", "kept")}
    (WORK / "tokens.json").write_text(json.dumps(counts, indent=2) + "\n")
    for source, count in counts["train"].items():
        print(f"{source:28}{count:>12,}")
    print(f"{'in all':28}{sum(counts['train'].values()):>12,} tokens, vocabulary {tokenizer.get_vocab_size()}")


if __name__ == "__main__":
    main()
