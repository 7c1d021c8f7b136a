"""Token ids of the sources of a recipe, and the order in which they are drawn: a pure function of the seed."""
import numpy as np


class Source:
    """Token ids of one source: unit u is tokens[starts[u]:starts[u + 1]]; documents are runs of units."""

    def __init__(self, arrays, name):
        self.tokens = arrays[f"{name}.tokens"]
        self.starts = np.concatenate([[0], arrays[f"{name}.units"]])
        ends, first = arrays[f"{name}.documents"].T
        self.documents = np.stack([np.concatenate([[0], ends[:-1]]), ends, first], 1)

    def unit(self, at):
        return self.tokens[self.starts[at]:self.starts[at + 1]]


class Drawing:
    """Permutations of the pieces of each recipe one after another: each is seen once before any is seen again."""

    def __init__(self, seed):
        self.seed, self.orders = seed, {}

    def places(self, index, size, turns):
        """(which draw, which piece) of recipe `index` with `size` pieces, for each draw in the range `turns`."""
        for at in turns:
            turn, place = divmod(at, size)
            if self.orders.get(index, (None,))[0] != turn:
                self.orders[index] = turn, np.random.default_rng([self.seed, 1, index, turn]).permutation(size)
            yield at, self.orders[index][1][place]
