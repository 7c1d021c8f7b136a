"""Pieces of the corpus, noise over them, and batches for an encoder-decoder: a pure function of the seed, so that a run goes on exactly where it was cut.

How a source is cut or turned: `single`: one text a piece; `long`: consecutive texts up to 126 tokens; `longest`: up to 254; a language: translation into it,
where the source has it beside English.
"""
import json

import numpy as np

from layers import END, MASK, PAD
from source import Drawing, Source

LIMITS = {"single": 126, "long": 126, "longest": 254}
BLOCK = 400_000  # target tokens drawn at a time, sorted by length into batches


def pieces(source, how):
    """[first unit, end unit] of each piece; parallel documents stay whole: [first English, first foreign, end]."""
    if how not in LIMITS:
        return np.stack([source.documents[:, 0], source.documents[:, 0] + source.documents[:, 2], source.documents[:, 1]], 1)
    if how == "single":
        units = np.arange(len(source.starts) - 1)
        return np.stack([units, units + 1], 1)
    limit, found = LIMITS[how], []
    for first, end, _ in source.documents:
        start = first
        for unit in range(first, end):
            if unit > start and source.starts[unit + 1] - source.starts[start] > limit:
                found.append((start, unit))
                start = unit
        found.append((start, end))
    return np.array(found)


class DenoisingCorpus:
    def __init__(self, recipe, part, seed, batch):
        """`batch`: target places of a batch, at most."""
        arrays = np.load(recipe.folder / f"{part}.npz")
        self.mix, self.seed, self.batch, self.begins = recipe.mix, seed, batch, recipe.word_starts()
        self.codes, self.languages = recipe.codes(), recipe.languages()
        self.sources = {name: Source(arrays, name) for name in {name for name, _ in self.mix} if f"{name}.tokens" in arrays}
        self.pieces = {(name, how): pieces(self.sources[name], how) for name, how in self.mix if name in self.sources}
        self.drawing, self.draws = Drawing(seed), {}
        for key, found in self.pieces.items():
            mean = np.mean([self.length(key, piece) for piece in found[:: max(1, len(found) // 2000)]])
            self.draws[key] = max(1, round(BLOCK * self.mix[key] / sum(self.mix.values()) / mean))

    def length(self, key, piece):
        """Target tokens of a piece, its end and language included; a parallel document stands for its first versions."""
        name, how = key
        starts = self.sources[name].starts
        start, end = piece[:2] if how in LIMITS else (piece[int(how != "en")], piece[int(how != "en")] + 1)
        return min(starts[end] - starts[start], LIMITS.get(how, 126)) + 2

    def extent(self, key, piece):
        """The longer side of an example; noise makes a source shorter than its text, but for single words."""
        if key[1] in LIMITS:
            return self.length(key, piece)
        return max(self.length(key, piece), self.length((key[0], "" if key[1] == "en" else "en"), piece))

    def drawn(self, key, block):
        """Pieces of a recipe in a block; of a parallel document one English and one foreign version: (English unit, foreign unit)."""
        found, count = self.pieces[key], self.draws[key]
        index = list(self.mix).index(key)
        for at, place in self.drawing.places(index, len(found), range(block * count, (block + 1) * count)):
            piece = found[place]
            if key[1] not in LIMITS:
                random = np.random.default_rng([self.seed, 4, index, at])
                piece = random.integers(piece[0], piece[1]), random.integers(piece[1], piece[2])
            yield piece

    @staticmethod
    def version(key, piece):
        """A parallel document's first versions, any other piece as it is."""
        return piece if key[1] in LIMITS else (piece[0], piece[1])

    def block(self, number):
        """Batches of a block as lists of (key, piece), of similar length each, in random order."""
        items = [(key, piece) for key in self.pieces for piece in self.drawn(key, number)]
        random = np.random.default_rng([self.seed, 2, number])
        lengths = np.array([self.extent(*item) for item in items])
        batches, start = [], 0
        order = np.lexsort((random.random(len(items)), lengths // 2))
        for at in range(1, len(order) + 1):
            longest = 0 if at == len(order) else lengths[order[at]] | 1
            if at == len(order) or longest * (at + 1 - start) > self.batch:
                batches.append([items[i] for i in order[start:at]])
                start = at
        return [batches[i] for i in random.permutation(len(batches))]

    def arrays(self, items, place):
        """source [B, S], what the decoder reads [B, T] and labels [B, T]."""
        random = np.random.default_rng([self.seed, 3, *place])
        made = [self.example(key, piece, random) for key, piece in items]
        return padded([source for source, _ in made]), padded([[t[-1], *t[:-1]] for _, t in made]), padded([t for _, t in made])

    def example(self, key, piece, random):
        """Source and target of one piece; either ends with `</s>` and its language."""
        name, how = key
        source, language = self.sources[name], self.languages[name]
        if how not in LIMITS:
            one, other = piece if how != "en" else piece[::-1]
            return self.ended(source.unit(one)[:126], "en" if how != "en" else language), self.ended(source.unit(other)[:126], how)
        units = [source.unit(at) for at in range(*piece)]
        text = np.concatenate(units)[:LIMITS[how]]
        return self.ended(self.noised(units, random)[:LIMITS[how]], language), self.ended(text, language)

    def ended(self, tokens, language):
        return [*map(int, tokens), END, self.codes[language]]

    def measured(self, blocks):
        """Some pieces of each recipe under noise that is always the same, as (key, arrays)."""
        for key, found in self.pieces.items():
            items = sorted([(key, self.version(key, piece)) for piece in found[:: max(1, len(found) // (blocks * 8))]][:blocks * 8],
                           key=lambda item: self.length(*item))
            for at in range(0, len(items), 32):
                yield key, self.arrays(items[at:at + 32], (0, at))

    def noised(self, units, random):
        """Sentence permutation in half of the texts that have several, then text infilling of 10 to 50 in 100 words, 30 on average.

        In 15 of 100 texts of several sentences one whole sentence is masked, the first one in half of them, and 15 in 100 words of the rest.
        """
        order, ratio = list(range(len(units))), random.uniform(0.1, 0.5)
        if len(units) > 1 and random.random() < 0.5:
            random.shuffle(order)
        hidden = -1
        if len(units) > 1 and random.random() < 0.15:
            hidden, ratio = (0 if random.random() < 0.5 else int(random.integers(len(units)))), 0.15
        parts = [[MASK] if at == hidden else self.infilled(units[at], ratio, random) for at in order]
        return np.concatenate(parts)

    def infilled(self, tokens, ratio, random):
        """BART's text infilling: spans of Poisson(3) whole words, `ratio` of the words in all, become one <mask> each; empty spans insert one."""
        begins = self.begins[tokens].copy()
        begins[0] = True
        edges = np.append(np.flatnonzero(begins), len(tokens))
        words = len(edges) - 1
        budget = ratio * words
        budget = int(budget) + (random.random() < budget - int(budget))
        covered, inserted = np.zeros(words + 1, bool), []
        opened = np.zeros(words + 1, bool)
        while budget > 0:
            span = min(int(random.poisson(3)), budget)
            at = int(random.integers(words))
            if span == 0:
                inserted.append(at)
                budget -= 1
                continue
            opened[at] |= not covered[at]
            covered[at:min(at + span, words)] = True
            budget -= span
        out, masked = [], False
        for word in range(words):
            if word in inserted:
                out.append([MASK])
            if covered[word]:
                if opened[word] and not masked:
                    out.append([MASK])
                masked = True
            else:
                out.append(tokens[edges[word]:edges[word + 1]])
                masked = False
        return np.concatenate(out) if out else np.array([MASK])


def padded(rows):
    out = np.full((len(rows), max(map(len, rows))), PAD, np.int64)
    for row, values in enumerate(rows):
        out[row, :len(values)] = values
    return out
