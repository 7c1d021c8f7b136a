"""One library's side of the random draws, driven by lines: { do: 'make', kind, key, families, folder } or { do: 'check', folder }.

`make` draws and saves `folder/model`, `folder/adapter` and `folder/case.json`; `check` loads what was written for the library beside it.
Every answer is one JSON line: { ok }, { invalid } where the library itself cannot run the draw, or { gap, noise } of a check.
"""

import json
import logging
import os
import shutil
import sys
import warnings

import torch
import transformers as hf

from base_models import bare, computed, draw_base, draw_inputs, whole, write
from bases import FAMILIES
from chance import Chance

ATTEMPTS = 6


def make_model(chance, family, folder):
    drawn = draw_base(chance, family, os.path.join(folder, 'model'))
    model = bare(drawn)
    batches = []
    for _ in range(1 if chance.small else 2):
        inputs = draw_inputs(chance, family, drawn.config)
        batches.append({'inputs': inputs, **computed(family, model, inputs)})
    return {'family': family, 'class': drawn.cls, 'batches': batches, 'parameters': whole(drawn, os.path.join(folder, 'model'))}


def family_of(chance, order):
    """Mostly a family that is read; a few that are not, to be refused by name."""
    known = [name for name in order['families'] if name in FAMILIES]
    return chance.random.choice(list(FAMILIES) if chance.flag(0.03) and not order.get('strict') else known)


def make(order):
    kind, folder = order['kind'], order['folder']
    for attempt in range(ATTEMPTS):
        chance = Chance(f"{order['key']}/{attempt}", calm=kind != 'models', small=order.get('small', False))
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        family = family_of(chance, order)
        try:
            record = makers()[kind](chance, family, folder)
        except Exception as error:  # a draw that the library itself cannot run: another one in its place
            last = f'{family}: {type(error).__name__}: {error}'[:300]
            if os.environ.get('INTEROP_DEBUG'):
                raise
            continue
        write(folder, 'case.json', {'kind': kind, 'key': order['key'], 'attempt': attempt, 'transformers': hf.__version__, **record})
        return {'ok': True, 'family': record['family'], 'method': record.get('method', ''), 'attempts': attempt + 1}
    return {'invalid': last}


def makers():
    found = {'models': make_model}
    import peft_draws
    found['peft'] = peft_draws.make
    if hf.__version__.startswith('4'):
        import adapters_draws
        found['adapters'] = adapters_draws.make
    return found


def check(order):
    folder = order['folder']
    with open(os.path.join(folder, 'case.json'), encoding='utf-8') as file:
        case = json.load(file)
    if case['kind'] == 'peft':
        import peft_draws as library
    else:
        import adapters_draws as library
    try:
        return library.check(folder, case, order['ours'])
    except Exception as error:
        if os.environ.get('INTEROP_DEBUG'):
            raise
        return {'error': f'{type(error).__name__}: {error}'[:300]}


if __name__ == '__main__':
    warnings.filterwarnings('ignore')
    hf.logging.set_verbosity_error()
    hf.logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # what libraries print goes to standard error
    for line in sys.stdin:
        order = json.loads(line)
        answer = make(order) if order['do'] == 'make' else check(order)
        print(json.dumps(answer), file=answers, flush=True)
