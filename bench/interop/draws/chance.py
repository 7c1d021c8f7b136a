"""Seeded choices: a draw is a function of seed, kind, index and attempt alone, on every machine."""

import random


class Chance:
    """
    `calm` leaves out whatever a reader may refuse, so that an adapter meets a base that both sides read. `small` keeps sizes in
    the lower half of their range, for draws that are stored.
    """

    def __init__(self, key, calm=False, small=False):
        self.random = random.Random(key)
        self.calm = calm
        self.small = small

    def one(self, *values):
        return self.random.choice(values)

    def many(self, values, least=1):
        values = list(values)
        return sorted(self.random.sample(values, self.random.randint(min(least, len(values)), len(values))))

    def whole(self, low, high):
        return self.random.randint(low, low + (high - low + 1) // 2 if self.small else high)

    def real(self, low, high):
        return round(self.random.uniform(low, high), 3)

    def flag(self, share=0.5):
        return self.random.random() < share

    def odd(self, share=0.05):
        """A rare setting that few implementations compute."""
        drawn = self.random.random() < share
        return drawn and not self.calm

    def seed(self):
        return self.random.getrandbits(31)
