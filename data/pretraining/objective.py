"""What a recipe's kind of model is trained on, and the model itself."""
from bart import MiniBart
from denoising import DenoisingCorpus
from gpt import MiniGpt
from stream import StreamCorpus

KINDS = {"bart": (DenoisingCorpus, MiniBart), "gpt": (StreamCorpus, MiniGpt)}


def corpus_of(recipe, part, seed, batch):
    return KINDS[recipe.model["kind"]][0](recipe, part, seed, batch)


def model_of(recipe):
    return KINDS[recipe.model["kind"]][1](recipe.model, len(recipe.vocabulary()))
