"""Pretrains the model of a recipe from random weights.

    python data/pretraining/train.py petl-mini-seq2seq --minutes 150                     on two CPU cores, in bfloat16
    python data/pretraining/train.py petl-mini-lm --steps 12500 --threads 1              on one
    python data/pretraining/train.py petl-mini-seq2seq --minutes 40 --device cuda        on an accelerator

Started again with the same settings (the minutes may be others) it goes on from its last checkpoint (every 5 minutes: weights, optimizer, place in the data, plan) and
computes what it would have computed: data and noise are functions of seed and place, and the plan is part of the checkpoint. The learning
rate rises over the first steps and falls linearly to zero at the end of the plan: the number of steps that fit into the minutes at the speed
measured so far, set anew at each checkpoint. Writes .cache/pretraining/NAME/RUN/{checkpoint.pt,log.jsonl,result.json}.
"""
import argparse
import json
import math
import os
import platform
import time

import numpy as np
import torch

from layers import PAD
from objective import corpus_of, model_of
from recipe import Recipe

LOG_EVERY, EVAL_BLOCKS = 50, 16


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="folder beside this file with recipe.json")
    parser.add_argument("--run", default="run", help="folder below .cache/pretraining/NAME")
    parser.add_argument("--minutes", type=float, help="time to train for, over all starts")
    parser.add_argument("--steps", type=int, help="steps to train for, in place of --minutes: the same numbers on every day")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=400, help="steps in which the rate rises, at most a tenth of the plan")
    parser.add_argument("--decay", type=float, default=0.01, help="weight decay of matrices")
    parser.add_argument("--batch", type=int, default=2048, help="target places of a batch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--checkpoint", type=float, default=5, help="minutes between checkpoints")
    chosen = parser.parse_args()
    if (chosen.minutes is None) == (chosen.steps is None):
        parser.error("give --minutes or --steps")
    return chosen


class Run:
    def __init__(self, settings):
        self.settings, self.recipe = settings, Recipe(settings.recipe)
        self.folder = self.recipe.folder / settings.run
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.device = torch.device(settings.device)
        self.data = self.recipe.print_of_data()
        self.corpus, self.kept = (corpus_of(self.recipe, part, settings.seed, settings.batch) for part in ("train", "kept"))
        self.model = model_of(self.recipe).to(self.device)
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        vectors = [p for p in self.model.parameters() if p.ndim == 1]
        groups = [{"params": matrices, "weight_decay": settings.decay}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.98), eps=1e-8, fused=True)
        self.state = {"step": 0, "block": 0, "batch": 0, "seconds": 0.0, "tokens": 0, "plan": settings.steps or 10_000, "starts": 0}
        self.since = (0, 0.0)

    # ---- checkpoints

    def fixed(self):
        """What must be equal for a run to go on."""
        settings = {name: getattr(self.settings, name) for name in ("steps", "rate", "warmup", "decay", "batch", "seed")}
        return {**settings, "recipe": self.recipe.print(), "data": self.data}

    def save(self):
        path = self.folder / "checkpoint.pt"
        torch.save({"fixed": self.fixed(), "state": self.state, "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                    "random": torch.get_rng_state()}, f"{path}.tmp")
        os.replace(f"{path}.tmp", path)

    def load(self):
        path = self.folder / "checkpoint.pt"
        if path.exists():
            kept = torch.load(path, weights_only=True, map_location=self.device)
            if kept["fixed"] != self.fixed():
                raise SystemExit(f"{path} belongs to a run with {kept['fixed']}, not {self.fixed()}: give the same settings or another --run")
            self.state = kept["state"]
            self.model.load_state_dict(kept["model"])
            self.optimizer.load_state_dict(kept["optimizer"])
            torch.set_rng_state(kept["random"].cpu())
            print(f"going on from step {self.state['step']}", flush=True)
        self.cut_log()
        self.since = (self.state["step"], self.state["seconds"])
        self.state["starts"] += 1

    def cut_log(self):
        """Lines after the checkpoint are written again."""
        path = self.folder / "log.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        path.write_text("".join(f"{line}\n" for line in lines if json.loads(line)["step"] <= self.state["step"]))

    def log(self, line):
        with open(self.folder / "log.jsonl", "a") as file:
            file.write(json.dumps(line) + "\n")

    # ---- the plan

    def replan(self):
        """Steps that fit into the minutes at the speed since the last plan."""
        step, seconds = self.state["step"] - self.since[0], self.state["seconds"] - self.since[1]
        self.since = (self.state["step"], self.state["seconds"])
        if self.settings.minutes is None or step == 0:
            return
        left = self.settings.minutes * 60 - self.state["seconds"]
        self.state["plan"] = self.state["step"] + max(0, math.floor(left / (seconds / step)))

    def rate(self):
        step, plan = self.state["step"], self.state["plan"]
        warmup = min(self.settings.warmup, plan / 10)
        return self.settings.rate * min((step + 1) / warmup, max(0.0, (plan - step) / max(1.0, plan - warmup)))

    # ---- training

    def step(self, items):
        arrays = [torch.from_numpy(a).to(self.device) for a in self.corpus.arrays(items, (self.state["block"], self.state["batch"]))]
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        loss, _ = self.model(*arrays)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        value = loss.item()
        if not math.isfinite(value):
            raise SystemExit(f"loss {value} at step {self.state['step']}: choose a lower --rate")
        return value, float(norm), int((arrays[-1] != PAD).sum())

    def evaluate(self, blocks):
        """Nats a target token on the text kept aside, by source, under noise that is always the same."""
        sums = {}
        with torch.no_grad():
            for key, arrays in self.kept.measured(blocks):
                _, losses = self.model(*(torch.from_numpy(a).to(self.device) for a in arrays))
                total, count = sums.get(key, (0.0, 0))
                sums[key] = total + float(losses.sum()), count + losses.numel()
        by_recipe = {" ".join(key): {"nats": total / count, "tokens": count} for key, (total, count) in sums.items()}
        weights = {" ".join(key): self.recipe.mix[key] for key in sums}
        mean = sum(weights[name] * row["nats"] for name, row in by_recipe.items()) / sum(weights.values())
        return {"nats": mean, "perplexity": math.exp(mean), "recipes": by_recipe}

    def train(self):
        self.load()
        began, before, saved = time.monotonic(), self.state["seconds"], time.monotonic()
        recent, seconds, first = [], self.state["seconds"], self.state["step"]
        while self.state["step"] < self.state["plan"]:
            batches = self.corpus.block(self.state["block"])
            while self.state["batch"] < len(batches) and self.state["step"] < self.state["plan"]:
                recent.append(self.step(batches[self.state["batch"]]))
                self.state |= {"batch": self.state["batch"] + 1, "step": self.state["step"] + 1, "tokens": self.state["tokens"] + recent[-1][2],
                               "seconds": before + time.monotonic() - began}
                if self.state["step"] % LOG_EVERY == 0 or self.state["step"] == self.state["plan"]:
                    self.report(recent, self.state["seconds"] - seconds)
                    recent, seconds = [], self.state["seconds"]
                early = self.settings.minutes is not None and self.state["step"] == first + 40
                if early or time.monotonic() - saved > self.settings.checkpoint * 60:
                    self.replan()
                if time.monotonic() - saved > self.settings.checkpoint * 60:
                    self.log({"step": self.state["step"], "kept": self.evaluate(1)})
                    self.state["seconds"] = before + time.monotonic() - began
                    self.save()
                    saved = time.monotonic()
            if self.state["batch"] == len(batches):
                self.state |= {"block": self.state["block"] + 1, "batch": 0}
        self.finish()

    def report(self, recent, seconds):
        losses, norms, tokens = np.array([r[0] for r in recent]), [r[1] for r in recent], sum(r[2] for r in recent)
        loss = float(np.average(losses, weights=[r[2] for r in recent]))
        line = {"step": self.state["step"], "loss": round(loss, 4), "norm": round(float(np.mean(norms)), 3), "rate": self.rate(),
                "tokens": self.state["tokens"], "seconds": round(self.state["seconds"], 1), "plan": self.state["plan"]}
        self.log(line)
        speed = tokens / seconds
        left = (self.state["plan"] - self.state["step"]) * seconds / len(recent) / 60
        print(f"step {line['step']:>6}/{line['plan']}  loss {loss:.3f}  norm {line['norm']:.2f}  rate {line['rate']:.1e}  {speed:,.0f} tokens/s  "
              f"{self.state['seconds'] / 60:.1f} min, {left:.0f} to go", flush=True)

    def finish(self):
        kept = self.evaluate(EVAL_BLOCKS)
        self.log({"step": self.state["step"], "kept": kept})
        self.save()
        curve = [json.loads(line) for line in (self.folder / "log.jsonl").read_text().splitlines()]
        machine = {"cpu": cpu(), "threads": self.settings.threads, "device": torch.cuda.get_device_name() if self.device.type == "cuda" else "cpu",
                   "torch": torch.__version__}
        result = {"settings": {**self.fixed(), "minutes": self.settings.minutes}, **self.state, "machine": machine, "kept": kept,
                  "mix": {" ".join(key): share for key, share in self.recipe.mix.items()}, "curve": curve}
        (self.folder / "result.json.tmp").write_text(json.dumps(result, indent=1) + "\n")
        os.replace(self.folder / "result.json.tmp", self.folder / "result.json")
        print(f"done: {self.state['tokens']:,} target tokens in {self.state['seconds'] / 60:.1f} min, kept-aside text {kept['nats']:.3f} nats a token", flush=True)


def cpu():
    lines = open("/proc/cpuinfo").read().splitlines() if os.path.exists("/proc/cpuinfo") else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    Run(arguments()).train()
