import type { Options } from './command';
import { json, named, precision, running, switches } from './options';

/** Of `petl ablate`. */
export const ablating: Options = {
  ...named({
    data: ['FILE', 'CSV, TSV or JSON lines'],
    text: 'COLUMN',
    label: ['COLUMN', 'one label for each text'],
    value: ['COLUMN', 'a number for each text'],
    labels: ['COLUMN', 'any of several labels: one column with ; between them, or several of 1 and 0'],
    pair: ['COLUMN', 'a second text'],
    group: ['COLUMN', 'equal values stay in one split'],
    methods: ['A,B', 'as petl methods writes them'],
    seeds: '1,2',
    model: ['MODEL', 'a name of petl models, a folder, a GGUF file or hub:org/name'],
    question: 'COLUMN',
    context: ['COLUMN', 'the text that holds the answer'],
    answer: ['COLUMN', 'as it stands in the text'],
    start: ['COLUMN', 'where the answer begins, from 0'],
    source: 'COLUMN',
    target: ['COLUMN', 'the text that is written for the source'],
    'max-length': ['N', 'tokens that are read of a text, 64 where left out'],
    'target-length': ['N', 'tokens of a target, 64 where left out'],
    examples: ['N', 'training examples'],
    epochs: 'N',
    rate: ['tune|NUMBER', 'learning rate'],
    from: ['DIR', 'an adapter to go on from'],
    best: ['loss|score', 'keep the step that validates best'],
    stop: ['N', 'end after N validations without a better one'],
    evaluations: ['N', 'how often validation is looked at'],
    out: ['DIR', 'figures and tables'],
    name: ['NAME', "of the study; the file's where left out"],
  }),
  ...running,
  ...json,
};

/** Of `petl generate`. */
export const generating: Options = {
  ...named({
    model: 'MODEL',
    adapter: 'DIR',
    bank: ['DIR', 'of adapters'],
    task: ['NAME', 'of an adapter in the bank'],
    prompt: 'TEXT',
    'input-ids': ['ROWS', 'in place of --prompt'],
    beams: 'N',
    'length-penalty': ['NUMBER', 'of beams'],
    'max-new-tokens': ['N', '64 where left out'],
    'min-new-tokens': 'N',
    'no-repeat-ngram': ['N', 'tokens in a row that stand there once'],
    temperature: ['NUMBER', 'as the next three, turns sampling on'],
    'top-k': 'N',
    'top-p': 'NUMBER',
    seed: 'N',
  }),
  ...precision,
  ...switches({ chat: 'the prompt as a question of a user' }),
  ...json,
};
