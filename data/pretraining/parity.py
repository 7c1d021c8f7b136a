"""Compares an exported folder here and in transformers: logits of the same ids, and the ids of greedy and beam search.

    python data/pretraining/parity.py DIR [--keep]

`--keep` writes what transformers gives into DIR/expected.json, which `npm test` compares with.
"""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {
    "bart": ["In the beginning<mask> the heavens and the earth.", "command line<mask> for editing images",
             "La început, Dumnezeu a făcut<mask> și pămîntul.", "Im Anfang schuf Gott<mask>."],
    "gpt2": ["In the beginning God created", "This package contains the command line", "How are you?\n I am", "Und Gott sprach"],
}
DECODER = [[5, 734, 283, 7134], [5, 967, 1178, 3558], [6, 1606, 5041, 19], [7, 1972, 1196, 77]]


def petl(*words):
    return json.loads(subprocess.run(["node", str(ROOT / "bin" / "petl.cjs"), *words, "--json"], check=True, capture_output=True, text=True).stdout)


def compared_logits(folder, model, batch):
    ids, mask = batch.input_ids, batch.attention_mask
    given = {"input_ids": ids, "attention_mask": mask}
    if model.config.is_encoder_decoder:
        given["decoder_input_ids"] = torch.tensor(DECODER)
    with torch.no_grad():
        theirs = model(**given).logits.numpy()
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", json.dumps(value.tolist()))]
    ours = petl("forward", "--model", folder, *words)["values"]
    real = np.ones(theirs.shape[:2], bool) if model.config.is_encoder_decoder else mask.numpy().astype(bool)
    gap = max(float(np.abs(np.array(ours[row][at]) - theirs[row, at]).max()) for row, at in np.argwhere(real))
    print(f"logits {list(theirs.shape)}: largest difference {gap:.1e}")
    kept = {"inputIds": ids.tolist(), "mask": mask.tolist()} | ({"decoderIds": DECODER} if model.config.is_encoder_decoder else {})
    return gap < 2e-4, {**kept, "logits": np.round(theirs[:, :, ::512].astype(float), 6).tolist(), "every": 512}


def compared_texts(folder, model, tokenizer, texts):
    fine, rows = True, []
    start = model.generation_config.decoder_start_token_id
    for beams in (1, 4):
        for text in texts:
            ids = tokenizer(text, return_tensors="pt").input_ids
            with torch.no_grad():
                out = model.generate(ids, attention_mask=torch.ones_like(ids), num_beams=beams, max_new_tokens=32, do_sample=False)[0].tolist()
            wanted = stripped(out if model.config.is_encoder_decoder else out[ids.shape[1]:], start)
            got = petl("generate", "--model", folder, "--prompt", text, "--beams", str(beams), "--max-new-tokens", "32")[0]
            same = stripped(got["tokens"], start) == wanted
            rows.append({"prompt": text, "beams": beams, "tokens": wanted})
            fine &= same
            print(f"{beams} beams: {'equal' if same else 'DIFFERENT'}  {got['text']}")
    return fine, rows


def stripped(ids, start):
    """Without padding, the end and the decoder's start."""
    return [token for token in ids if token not in (1, 2, start)]


def main():
    folder, keep = sys.argv[1], "--keep" in sys.argv
    config, tokenizer = AutoConfig.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    model, texts = kind.from_pretrained(folder, dtype=torch.float32).eval(), TEXTS[config.model_type]
    near, expected = compared_logits(folder, model, tokenizer(texts, padding=True, padding_side="right", return_tensors="pt"))
    same, rows = compared_texts(folder, model, tokenizer, texts)
    if keep:
        (Path(folder) / "expected.json").write_text(json.dumps({**expected, "texts": rows}) + "\n")
    sys.exit(0 if near and same else 1)


if __name__ == "__main__":
    main()
