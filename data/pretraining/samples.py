"""What an exported model writes for texts kept aside: the first two of each kind that the recipe shows."""
import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from layers import END, PAD
from objective import corpus_of


def samples(recipe, folder):
    tokenizer, corpus = AutoTokenizer.from_pretrained(folder), corpus_of(recipe, "kept", 1, recipe.model["positions"])
    shown = [tuple(key) for key in recipe.described["shown"]]
    return (continued if recipe.model["kind"] == "gpt" else answered)(recipe, folder, tokenizer, corpus, shown)


def continued(recipe, folder, tokenizer, corpus, shown):
    """The beginning of a document, how it goes on, and what the model writes in its place: 4 beams, no three tokens twice."""
    model, rows = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), []
    for key in shown:
        texts = (corpus.document(key, at)[:-1] for at in range(len(corpus.sources[key[0]].documents)))
        for ids in [ids for ids in texts if len(ids) >= 10][:2]:
            start = min(12, len(ids) // 2)
            prompt = torch.tensor([[END, *ids[:start].astype(int)]])
            with torch.no_grad():
                out = model.generate(prompt, attention_mask=torch.ones_like(prompt), num_beams=4, max_new_tokens=30, no_repeat_ngram_size=3)
            parts = ids[:start], ids[start:start + 30], out[0, prompt.shape[1]:].numpy()
            texts = [tokenizer.decode(np.asarray(part, int).tolist(), skip_special_tokens=True) for part in parts]
            rows.append({"kind": key[0], "source": texts[0], "target": texts[1], "written": texts[2]})
    return rows


def answered(recipe, folder, tokenizer, corpus, shown):
    """Source, target and what the model writes, of texts of 6 to 40 target tokens."""
    model, codes, rows = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval(), recipe.codes(), []
    for key in shown:
        items = [(key, corpus.version(key, piece)) for piece in corpus.pieces[key]]
        least = 8 if key[0] in ("synopses", "strings") else 12
        items = [item for item in items if least <= corpus.length(*item) and (least == 8 or corpus.length(*item) <= 40)][:2]
        for at, item in enumerate(items):
            source, _, labels = corpus.arrays([item], (9, at))
            jobs = [(" ".join(key), labels[0].tolist())]
            if key == ("verses", "de"):  # the direction that no pair was trained on
                jobs.append(("verses ro (never trained)", [codes["ro"]]))
            rows += [answer(tokenizer, model, codes, kind, torch.from_numpy(source), target) for kind, target in jobs]
    return rows


def answer(tokenizer, model, codes, kind, source, target):
    with torch.no_grad():
        out = model.generate(source, num_beams=4, max_new_tokens=60, decoder_start_token_id=target[-1])
    shown = tokenizer.decode([token for token in source[0].tolist() if token not in (PAD, END) and token not in codes.values()])
    return {"kind": kind, "source": shown.replace("<mask>", " ▢").strip(), "target": tokenizer.decode(target, skip_special_tokens=True),
            "written": tokenizer.decode(out[0], skip_special_tokens=True)}
