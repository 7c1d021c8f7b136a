"""Pieces of the corpus, noise over them, and batches: a pure function of the seed, so that a run goes on exactly where it was cut."""
import hashlib
import json
from pathlib import Path

import numpy as np

from model import CODES, END, MASK, PAD

WORK = Path(__file__).resolve().parents[2] / ".cache" / "pretraining"
LANGUAGE = {"bible-cornilescu": "ro", "strings-ro": "ro", "bible-elberfelder": "de", "bible-schlachter": "de", "strings-de": "de"}

# Shares of the target tokens in percent, by recipe: (source, how it is cut or turned). `single`: one text a piece; `long`: consecutive texts up to
# 126 tokens; `longest`: up to 254; `de` and `en`: translation into that language.
MIX = {
    ("bible-cornilescu", "single"): 9, ("bible-cornilescu", "long"): 8, ("strings-ro", "long"): 1.5,
    ("verses", "de"): 12, ("verses", "en"): 4, ("strings", "de"): 2, ("strings", "en"): 0.5,
    ("descriptions", "long"): 26, ("synopses", "long"): 5,
    ("bible-world-english", "single"): 3, ("bible-world-english", "long"): 4, ("bible-basic-english", "long"): 2,
    ("bible-american-king-james", "long"): 1, ("bible-king-james", "long"): 1,
    ("bible-elberfelder", "single"): 1.5, ("bible-schlachter", "single"): 1.5, ("strings-de", "long"): 0.7, ("strings-en", "long"): 1.8,
    ("definitions", "long"): 5, ("news", "longest"): 4.5, ("news-leads", "long"): 0.5, ("conversations", "long"): 3, ("acts", "long"): 2.5,
}
LIMITS = {"single": 126, "long": 126, "longest": 254}
BLOCK = 400_000  # target tokens drawn at a time, sorted by length into batches


def print_of_data():
    """SHA-256 of the token ids and the tokenizer: a run goes on, and is exported, with no others."""
    files = WORK / "train.npz", WORK / "tokenizer" / "tokenizer.json"
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()


class Source:
    """Token ids of one source: unit u is tokens[starts[u]:starts[u + 1]]; documents are runs of units."""

    def __init__(self, arrays, name):
        self.tokens = arrays[f"{name}.tokens"]
        self.starts = np.concatenate([[0], arrays[f"{name}.units"]])
        ends, first = arrays[f"{name}.documents"].T
        self.documents = np.stack([np.concatenate([[0], ends[:-1]]), ends, first], 1)

    def unit(self, at):
        return self.tokens[self.starts[at]:self.starts[at + 1]]

    def pieces(self, how):
        """[first unit, end unit] of each piece; parallel documents stay whole: [first English, first German, end]."""
        if how in CODES:
            return np.stack([self.documents[:, 0], self.documents[:, 0] + self.documents[:, 2], self.documents[:, 1]], 1)
        if how == "single":
            units = np.arange(len(self.starts) - 1)
            return np.stack([units, units + 1], 1)
        limit, pieces = LIMITS[how], []
        for first, end, _ in self.documents:
            start = first
            for unit in range(first, end):
                if unit > start and self.starts[unit + 1] - self.starts[start] > limit:
                    pieces.append((start, unit))
                    start = unit
            pieces.append((start, end))
        return np.array(pieces)


def word_starts():
    """For each token id whether a word begins with it: it carries the space before."""
    vocabulary = json.loads((WORK / "tokenizer" / "tokenizer.json").read_text())["model"]["vocab"]
    flags = np.zeros(len(vocabulary), bool)
    for token, at in vocabulary.items():
        flags[at] = token.startswith("Ġ")
    return flags


class Corpus:
    def __init__(self, part, seed, batch=4096):
        """`batch`: target places of a batch, at most."""
        arrays = np.load(WORK / f"{part}.npz")
        self.seed, self.batch, self.begins = seed, batch, word_starts()
        self.sources = {name: Source(arrays, name) for name in {name for name, _ in MIX} if f"{name}.tokens" in arrays}
        self.pieces = {(name, how): self.sources[name].pieces(how) for name, how in MIX if name in self.sources}
        self.draws, self.orders = {}, {}
        for (name, how), pieces in self.pieces.items():
            mean = np.mean([self.length((name, how), piece) for piece in pieces[:: max(1, len(pieces) // 2000)]])
            self.draws[name, how] = max(1, round(BLOCK * MIX[name, how] / sum(MIX.values()) / mean))

    def length(self, recipe, piece):
        """Target tokens of a piece, its end and language included; a parallel document stands for its first versions."""
        name, how = recipe
        starts = self.sources[name].starts
        start, end = (piece[int(how == "de")], piece[int(how == "de")] + 1) if how in CODES else piece
        return min(starts[end] - starts[start], LIMITS.get(how, 126)) + 2

    def extent(self, recipe, piece):
        """The longer side of an example; noise makes a source shorter than its text, but for single words."""
        if recipe[1] not in CODES:
            return self.length(recipe, piece)
        return max(self.length(recipe, piece), self.length((recipe[0], "en" if recipe[1] == "de" else "de"), piece))

    def drawn(self, recipe, block):
        """Pieces of a recipe in a block: permutations of all of them one after another, each seen once before any is seen again.

        Of a parallel document one English and one German version: (English unit, German unit).
        """
        pieces, count = self.pieces[recipe], self.draws[recipe]
        index = list(MIX).index(recipe)
        for at in range(block * count, (block + 1) * count):
            turn, place = divmod(at, len(pieces))
            if self.orders.get(recipe, (None,))[0] != turn:
                self.orders[recipe] = turn, np.random.default_rng([self.seed, 1, index, turn]).permutation(len(pieces))
            piece = pieces[self.orders[recipe][1][place]]
            if recipe[1] in CODES:
                random = np.random.default_rng([self.seed, 4, index, at])
                piece = random.integers(piece[0], piece[1]), random.integers(piece[1], piece[2])
            yield piece

    @staticmethod
    def version(recipe, piece):
        """A parallel document's first versions, any other piece as it is."""
        return (piece[0], piece[1]) if recipe[1] in CODES else piece

    def block(self, number):
        """Batches of a block as lists of (recipe, piece), of similar length each, in random order."""
        items = [(recipe, piece) for recipe in self.pieces for piece in self.drawn(recipe, number)]
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

    def arrays(self, items, key):
        """source [B, S], what the decoder reads [B, T], labels [B, T], and the recipe of each row."""
        random = np.random.default_rng([self.seed, 3, *key])
        made = [self.example(recipe, piece, random) for recipe, piece in items]
        return padded([source for source, _ in made]), padded([[t[-1], *t[:-1]] for _, t in made]), padded([t for _, t in made])

    def example(self, recipe, piece, random):
        """Source and target of one piece; either ends with `</s>` and its language."""
        name, how = recipe
        source = self.sources[name]
        if how in CODES:
            one, other = piece if how == "de" else piece[::-1]
            return ended(source.unit(one)[:126], "en" if how == "de" else "de"), ended(source.unit(other)[:126], how)
        language = LANGUAGE.get(name, "en")
        units = [source.unit(at) for at in range(*piece)]
        text = np.concatenate(units)[:LIMITS[how]]
        return ended(self.noised(units, random)[:LIMITS[how]], language), ended(text, language)

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


def ended(tokens, language):
    return [*map(int, tokens), END, CODES[language]]


def padded(rows):
    out = np.full((len(rows), max(map(len, rows))), PAD, np.int64)
    for row, values in enumerate(rows):
        out[row, :len(values)] = values
    return out
