"""A recipe is data: which sources in which shares, which tokenizer, which model. It stands in NAME/recipe.json; .cache/pretraining/NAME holds its work."""
import hashlib
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent / "models"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CACHE = HERE.parents[1] / ".cache" / "pretraining"


class Recipe:
    def __init__(self, name):
        path = HERE / name / "recipe.json"
        if not path.exists():
            raise SystemExit(f"no recipe {name}: choose from {', '.join(sorted(p.parent.name for p in HERE.glob('*/recipe.json')))}")
        self.name, self.folder = name, CACHE / name
        self.described = json.loads(path.read_text())
        self.model, self.tokenizer = self.described["model"], self.described["tokenizer"]
        # Shares of the target tokens in percent: (source, how it is cut or turned).
        self.mix = {(source, how): share for source, how, share in self.described["mix"]}

    def special(self):
        """Special tokens in the order of their ids: BART's and a code for each language."""
        return [*SPECIAL, *self.tokenizer.get("languages", {}).values()]

    def vocabulary(self):
        """Token ids by token, special ones included."""
        return json.loads((self.folder / "tokenizer" / "tokenizer.json").read_text())["model"]["vocab"]

    def codes(self):
        """The token id of each language."""
        return {language: len(SPECIAL) + at for at, language in enumerate(self.tokenizer["languages"])}

    def languages(self):
        """The language of each source; of a parallel one the language beside English."""
        return json.loads((self.folder / "languages.json").read_text())

    def word_starts(self):
        """For each token id whether a word begins with it: it carries the space before."""
        vocabulary = self.vocabulary()
        return np.array([token.startswith("Ġ") for token in sorted(vocabulary, key=vocabulary.get)])

    def print(self):
        """What a run is made with, in 16 digits."""
        return hashlib.sha256(json.dumps([self.model, self.described["mix"]]).encode()).hexdigest()[:16]

    def print_of_data(self):
        """SHA-256 of the token ids and the tokenizer: a run goes on, and is exported, with no others."""
        files = self.folder / "train.npz", self.folder / "tokenizer" / "tokenizer.json"
        return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()
