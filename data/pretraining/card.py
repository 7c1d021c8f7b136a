"""Makes the card and the picture of the loss of a model from what its run and its corpus wrote, and from the prose of NAME/card.md.

    python data/pretraining/card.py NAME ...    writes data/models/NAME/{README.md,loss.svg} again
"""
import json
import math
import sys
from string import Template

from recipe import HERE, MODELS


def card(name, run, corpus):
    prose = Template((HERE / name / "card.md").read_text())
    machine, settings, kept = run["machine"], run["settings"], run["kept"]
    return prose.substitute(
        megabytes=f"{run['bytes'] / 1e6:.1f}", sha256=run["sha256"][:16],
        trained=f"{corpus['hashes']['trained']:,}", held=f"{corpus['hashes']['heldOut']:,}", shared=corpus["hashes"]["shared"],
        sources=sources(corpus), packages=packages(corpus), shares="\n".join(f"- {key}: {share:g}%" for key, share in run["mix"].items()),
        step=f"{run['step']:,}", batch=f"{settings['batch']:,}", tokens=f"{run['tokens']:,}", minutes=f"{run['seconds'] / 60:.0f}",
        threads="1 thread" if machine["threads"] == 1 else f"{machine['threads']} threads", cpu=machine["cpu"], device=machine["device"], torch=machine["torch"],
        speed=f"{run['tokens'] / run['seconds']:,.0f}", rate=settings["rate"], decay=settings["decay"], seed=settings["seed"],
        curve=curve(run), nats=f"{kept['nats']:.3f}", perplexity=f"{kept['perplexity']:.2f}", kept=measured(run), samples=samples(run))


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join("---" if i == 0 else "---:" for i in range(len(header))) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)]) + "\n"


def sources(corpus):
    rows = [(name, row["documents"], row["texts"], row["words"], row["tokens"]) for name, row in corpus["train"].items()]
    return table(["source", "documents", "texts", "words", "tokens"], [(name, *(f"{n:,}" for n in rest)) for name, *rest in rows])


def packages(corpus):
    return "\n".join(f"- {p['name']} {p['version']} (sha256 `{p['sha256'][:16]}…`): {p['licence']}" for p in corpus["packages"])


def curve(run):
    points = [line for line in run["curve"] if "loss" in line]
    shown = [points[round(i * (len(points) - 1) / 11)] for i in range(12)] if len(points) > 12 else points
    rows = [(f"{p['step']:,}", f"{p['tokens'] / 1e6:.1f} M", f"{p['seconds'] / 60:.0f}", f"{p['loss']:.3f}", f"{p['rate']:.1e}") for p in shown]
    return table(["step", "target tokens", "minutes", "loss (nats a token)", "rate"], rows)


def measured(run):
    rows = [(name, f"{row['nats']:.3f}", f"{math.exp(row['nats']):.1f}", f"{row['tokens']:,}") for name, row in run["kept"]["recipes"].items()]
    return table(["source", "nats a token", "perplexity", "tokens"], rows)


def samples(run):
    cell = lambda text: text.replace("|", "\\|").replace("\n", " ")
    return "\n".join("| " + " | ".join([s["kind"], *(cell(s[part]) for part in ("source", "target", "written"))]) + " |" for s in run["samples"])


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


def write_card(name, folder):
    run, corpus = (json.loads((folder / file).read_text()) for file in ("training.json", "corpus.json"))
    (folder / "loss.svg").write_text(curve_svg(run))
    (folder / "README.md").write_text(card(name, run, corpus))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_card(name, MODELS / name)
