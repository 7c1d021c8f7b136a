"""Compares an exported folder here and in transformers: logits of the same ids, and the ids of greedy and beam search.

    python data/pretraining/parity.py [DIR]

Writes what transformers gives into DIR/expected.json, which `npm test` compares with.
"""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer, BartForConditionalGeneration

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ["In the beginning<mask> the heavens and the earth.", "command line<mask> for editing images", "La început, Dumnezeu a făcut<mask> și pămîntul.",
         "Im Anfang schuf Gott<mask>."]


def petl(*words):
    return json.loads(subprocess.run(["node", str(ROOT / "bin" / "petl.cjs"), *words, "--json"], check=True, capture_output=True, text=True).stdout)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "data" / "models" / "petl-mini-seq2seq")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BartForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    decoder = torch.tensor([[5, 734, 283, 7134], [5, 967, 1178, 3558], [6, 1606, 5041, 19], [7, 1972, 1196, 77]])
    with torch.no_grad():
        theirs = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, decoder_input_ids=decoder).logits.numpy()
    ours = petl("forward", "--model", folder, "--input-ids", json.dumps(batch.input_ids.tolist()), "--attention-mask", json.dumps(batch.attention_mask.tolist()),
                "--decoder-input-ids", json.dumps(decoder.tolist()))
    gap = float(np.abs(np.array(ours["values"]) - theirs).max())
    print(f"logits {list(theirs.shape)}: largest difference {gap:.1e}")
    fine = gap < 2e-4
    texts = []
    for beams in (1, 4):
        for text in TEXTS:
            ids = tokenizer(text, return_tensors="pt").input_ids
            with torch.no_grad():
                wanted = model.generate(ids, num_beams=beams, max_new_tokens=32, do_sample=False)[0].tolist()
            got = petl("generate", "--model", folder, "--prompt", text, "--beams", str(beams), "--max-new-tokens", "32")[0]
            same = strip(got["tokens"]) == strip(wanted)
            texts.append({"prompt": text, "beams": beams, "tokens": strip(wanted)})
            fine &= same
            print(f"{beams} beams: {'equal' if same else 'DIFFERENT'}  {got['text']}")
    expected = {"inputIds": batch.input_ids.tolist(), "mask": batch.attention_mask.tolist(), "decoderIds": decoder.tolist(),
                "logits": np.round(theirs[:, :, ::512].astype(float), 6).tolist(), "every": 512, "texts": texts}
    (Path(folder) / "expected.json").write_text(json.dumps(expected) + "\n")
    sys.exit(0 if fine else 1)


def strip(ids):
    """Without the decoder's start and the end."""
    return [token for token in ids if token not in (1, 2, 5)]


if __name__ == "__main__":
    main()
