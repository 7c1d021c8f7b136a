"""Documents one after another, each ended by `</s>`, cut into rows of the model's context: what a decoder-only model reads. A pure function of the seed."""
import numpy as np

from layers import END, PAD
from source import Drawing, Source

BLOCK = 400_000  # tokens drawn at a time, shuffled by document


class StreamCorpus:
    def __init__(self, recipe, part, seed, batch):
        """`batch`: tokens of a batch, a multiple of the context."""
        arrays = np.load(recipe.folder / f"{part}.npz")
        self.mix, self.seed, self.context, self.rows = recipe.mix, seed, recipe.model["positions"], batch // recipe.model["positions"]
        self.newline = recipe.vocabulary()["Ċ"]
        self.sources = {name: Source(arrays, name) for name, _ in self.mix if f"{name}.tokens" in arrays}
        self.drawing, self.held = Drawing(seed), (None, None)
        self.draws = {}
        for (name, how), share in self.mix.items():
            source = self.sources[name]
            mean = (len(source.tokens) + (len(source.starts) - 1) * (how == "lines")) / len(source.documents) + 1
            self.draws[name, how] = max(1, round(BLOCK * share / sum(self.mix.values()) / mean))

    def document(self, key, at):
        """Ids of one document and its end; `lines`: a newline between its texts, as between turns."""
        source = self.sources[key[0]]
        start, end, _ = source.documents[at]
        if key[1] == "whole":
            return np.append(source.tokens[source.starts[start]:source.starts[end]], END)
        texts = [np.append(source.unit(unit), self.newline) for unit in range(start, end)]
        return np.append(np.concatenate(texts)[:-1], END)

    def stream(self, number):
        """The tokens of a block, beginning with an end."""
        if self.held[0] != number:
            drawn = []
            for index, (key, count) in enumerate(self.draws.items()):
                turns = range(number * count, (number + 1) * count)
                drawn += [(key, at) for _, at in self.drawing.places(index, len(self.sources[key[0]].documents), turns)]
            order = np.random.default_rng([self.seed, 2, number]).permutation(len(drawn))
            self.held = number, np.concatenate([[END], *(self.document(*drawn[at]) for at in order)])
        return self.held[1]

    def block(self, number):
        """Batches of a block as (block, first token)."""
        size = self.rows * self.context
        return [(number, start) for start in range(0, len(self.stream(number)) - size, size)]

    def arrays(self, batch, key):
        """ids [B, T] and labels [B, T], the next token at each place."""
        number, start = batch
        part = self.stream(number)[start:start + self.rows * self.context + 1].astype(np.int64)
        return part[:-1].reshape(self.rows, -1), part[1:].reshape(self.rows, -1)

    def measured(self, blocks):
        """For each source its documents in rows, at most 8 `blocks` of them, as (key, arrays)."""
        for key in self.mix:
            documents = range(len(self.sources[key[0]].documents))
            tokens = np.concatenate([[END], *(self.document(key, at) for at in documents)]).astype(np.int64)[:blocks * 8 * self.context + 1]
            count = -(-(len(tokens) - 1) // self.context)
            ids, labels = (np.full((count, self.context), PAD, np.int64) for _ in range(2))
            ids.reshape(-1)[:len(tokens) - 1], labels.reshape(-1)[:len(tokens) - 1] = tokens[:-1], tokens[1:]
            for at in range(0, count, 4):
                yield key, (ids[at:at + 4], labels[at:at + 4])
