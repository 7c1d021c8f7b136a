"""The model card and the picture of the loss, from what the run and the corpus wrote."""
import math

HEAD = """# petl-mini-seq2seq

Weights under the MIT licence of this project; the texts they were trained on have licences of their own (below).

A small encoder-decoder that this project pretrained itself, to have a frozen base for summaries and translation where no model hub is at hand. It knows
package descriptions, interface strings and the Bible in English, Romanian and German, and little else: a base for comparing methods, not a model to use.
"""


def card(run, corpus):
    return "\n".join([HEAD, shape(run), data(corpus, run), objective(), training(run), held_out(run), samples(run), limits(corpus)])


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join("---" if i == 0 else "---:" for i in range(len(header))) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)]) + "\n"


def shape(run):
    return f"""## Shape

BART's (post-layer-norm, learned positions, GELU, tied embeddings): 4 encoder and 4 decoder layers, width 256, 8 heads, feed-forward 1,024, 256 positions,
byte-level BPE of 8,192 tokens trained on the training text: 9.6 million parameters, {run['bytes'] / 1e6:.1f} MB in float16 (sha256 `{run['sha256'][:16]}…`).
Texts end as mBART's: `text </s> en_XX`, `ro_RO` or `de_DE`; the decoder starts with the language to write, English by default.
"""


def data(corpus, run):
    rows = [(name, row["documents"], row["texts"], row["words"], row["tokens"]) for name, row in corpus["train"].items()]
    counted = table(["source", "documents", "texts", "words", "tokens"], [(name, *(f"{n:,}" for n in rest)) for name, *rest in rows])
    packages = "\n".join(f"- {p['name']} {p['version']} (sha256 `{p['sha256'][:16]}…`): {p['licence']}" for p in corpus["packages"])
    shares = "\n".join(f"- {name}: {share:g}%" for name, share in run["mix"].items())
    return f"""## Data

Training groups of `splitOf` alone; no validation or test group of any task takes part, in any version or language. Texts that equal one of those, or
share a whole sentence with one, are left out as well ({corpus['hashes']['trained']:,} texts and sentences to train on and
{corpus['hashes']['heldOut']:,} of the tasks' validation and test examples have {corpus['hashes']['shared']} in common: `src/tasks/pretraining.test.ts`).
`verses` and `strings` hold the English-German pairs.

{counted}
Packages and licences (`corpus.json` has the hashes):

{packages}

Share of the target tokens:

{shares}
"""


def objective():
    return """## Objective

- Text infilling: spans of Poisson(3) whole words become one `<mask>`, 10 to 50 in 100 words of a text, 30 on average; in 15 of 100 texts of several
  sentences one whole sentence is masked (and 15 in 100 words of the rest).
- Sentence permutation in half of the texts of several sentences. The target is always the whole text.
- **Auxiliary translation English-German and German-English**, of verses of training chapters and strings of training components.
  No English-Romanian pair, and no German-Romanian one, was trained on; a passage is in one language; a synopsis is a text of its own, never in one
  example with its description, and so is the first paragraph of an article.
"""


def training(run):
    machine, points = run["machine"], [line for line in run["curve"] if "loss" in line]
    shown = [points[round(i * (len(points) - 1) / 11)] for i in range(12)] if len(points) > 12 else points
    rows = [(f"{p['step']:,}", f"{p['tokens'] / 1e6:.1f} M", f"{p['seconds'] / 60:.0f}", f"{p['loss']:.3f}", f"{p['rate']:.1e}") for p in shown]
    return f"""## Training

{run['step']:,} steps of at most {run['settings']['batch']:,} target places, {run['tokens']:,} target tokens in {run['seconds'] / 60:.0f} minutes on {machine['threads']} threads of {machine['cpu']}
({machine['device']}, torch {machine['torch']}, bfloat16 products, float32 weights): {run['tokens'] / run['seconds']:,.0f} target tokens a second. AdamW, peak rate {run['settings']['rate']},
linear warm-up and linear decay to zero, weight decay {run['settings']['decay']}, no dropout, seed {run['settings']['seed']}.

![Loss while training](loss.svg)

{table(['step', 'target tokens', 'minutes', 'loss (nats a token)', 'rate'], rows)}"""


def held_out(run):
    rows = [(name, f"{row['nats']:.3f}", f"{math.exp(row['nats']):.1f}", f"{row['tokens']:,}") for name, row in run["kept"]["recipes"].items()]
    return f"""## Perplexity on text kept aside

About one in a hundred of the training groups was kept aside, in every version, and never trained on: {run['kept']['nats']:.3f} nats a target token, perplexity
{run['kept']['perplexity']:.2f}, as the mix weighs them. Most target tokens of infilling stand in the source, so these numbers compare with nothing but themselves.

{table(['source', 'nats a token', 'perplexity', 'tokens'], rows)}"""


def samples(run):
    cell = lambda text: text.replace("|", "\\|").replace("\n", " ")
    rows = [(s["kind"], cell(s["source"]), cell(s["target"]), cell(s["written"])) for s in run["samples"]]
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"""## Samples

From the text kept aside, beam search with 4 beams; ▢ is `<mask>`.

| kind | source | target | written |
|---|---|---|---|
{lines}
"""


def limits(corpus):
    return """## Limits

- Ten million parameters and some ten million words: it fills gaps in familiar text and writes simple sentences; what it says about the world is worthless.
- Its Romanian is nearly all Cornilescu's Bible of 1928, its German mostly Elberfelder and Schlachter: archaic, with the spelling of their time.
- It was pretrained on the training texts of the tasks it is used for, without their targets beside them. Scores on those tasks say how methods compare on
  this base; they do not carry over to other bases, and a base trained on other text would score lower.
- BBC texts are for research use; Cornilescu's translation is spread as public domain, which is contested; the German editions were not checked.

Made by `data/pretraining/` (README there); `training.json` holds every number of this page.
"""


def curve_svg(run):
    points = [line for line in run["curve"] if "loss" in line]
    kept = [(line["step"], line["kept"]["nats"]) for line in run["curve"] if "kept" in line]
    last, top = points[-1]["step"], max(8.0, max(p["loss"] for p in points))
    at = lambda step, loss: f"{50 + 530 * step / last:.1f},{20 + 220 * (1 - loss / top):.1f}"
    line = lambda values: " ".join(at(step, loss) for step, loss in values)
    ticks = "".join(f'<text x="42" y="{24 + 220 * (1 - n / top):.0f}" text-anchor="end">{n}</text><path d="M50 {20 + 220 * (1 - n / top):.0f}H580" stroke="#ddd"/>' for n in range(0, 9, 2))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 280" font-family="sans-serif" font-size="12">
<rect width="600" height="280" fill="white"/>{ticks}
<polyline fill="none" stroke="#1f77b4" points="{line([(p['step'], p['loss']) for p in points])}"/>
<polyline fill="none" stroke="#d62728" stroke-dasharray="4 3" points="{line(kept)}"/>
<text x="50" y="258">0</text><text x="580" y="258" text-anchor="end">{last:,} steps</text>
<text x="300" y="274" text-anchor="middle">nats a target token: training (line), text kept aside (dashes)</text>
</svg>
"""
