import type { Command, Options } from './command';
import { json, named, switches, tier } from './options';

const listing = named({
  where: ['CONDITION', "such as 'task=sentiment and method~lora'"],
  sort: ['FIELD', 'least first; score: best first; FIELD:down: largest first'],
});
const tables: Options = { ...json, ...switches({ csv: 'the table as CSV', parquet: 'the table as Parquet' }) };

const runs = (): typeof import('./runs') => require('./runs') as typeof import('./runs');
const study = (): typeof import('./study') => require('./study') as typeof import('./study');

/** Commands on what runs have stored. */
export const stored: readonly Command[] = [
  {
    name: 'results',
    usage: 'results NAME [--tier quick|full] [--json]',
    about: 'the score table of what is on disk',
    options: { ...tier, ...json },
    positionals: ['NAME'],
    load: () => study().resultsCommand,
  },
  {
    name: 'runs',
    usage: "runs [FOLDER] [--where 'task=sentiment and method~lora'] [--sort FIELD] [--json|--csv|--parquet]",
    about: 'every stored run, or those that a condition holds for',
    options: { ...listing, ...tables },
    positionals: ['[FOLDER]'],
    load: () => runs().runsCommand,
  },
  {
    name: 'watch',
    usage: 'watch [--once] [--json]',
    about: 'the studies that run now, from another terminal',
    options: { ...switches({ once: 'what runs now, and end' }), ...json },
    positionals: [],
    load: () => (require('./watch') as typeof import('./watch')).watchCommand,
  },
  {
    name: 'curves',
    usage:
      'curves [RUN...] [--where CONDITION] [--sort FIELD] [--out DIR] [--tensorboard DIR] [--json|--csv|--parquet]',
    about: 'training curves of stored runs: in characters, as a figure, as numbers, as event files of TensorBoard',
    options: { ...listing, ...tables, ...named({ out: ['DIR', 'a figure'], tensorboard: ['DIR', 'event files'] }) },
    positionals: ['[RUN...]'],
    load: () => runs().curvesCommand,
  },
  {
    name: 'diff',
    usage: 'diff RUN RUN [--json]',
    about: 'how two stored runs differ: spec, counts, environment, curves, examples',
    options: json,
    positionals: ['RUN', 'RUN'],
    load: () => runs().diffCommand,
  },
  {
    name: 'verify',
    usage: 'verify RUN... [--json]',
    about: 'make stored runs again with the code that is here, as they were made, and compare every number',
    options: json,
    positionals: ['RUN...'],
    load: () => (require('./verify') as typeof import('./verify')).verifyCommand,
  },
  {
    name: 'export',
    usage:
      'export NAME [--out DIR] [--formats LIST] [--width 84mm] [--x trained|stored|paper|NAME] [--tier quick|full] [--json]',
    about: "write a study's figures and tables: svg, pdf, png, html, csv, tex, md",
    options: {
      ...tier,
      ...named({
        out: 'DIR',
        formats: ['LIST', 'such as svg,pdf,png,html,csv,tex,md'],
        width: ['84mm', '84mm and 174mm are one and two columns of a page'],
        x: ['trained|stored|paper|NAME', 'what places the methods: a count, or what varies by that name'],
      }),
      ...json,
    },
    positionals: ['NAME'],
    load: () => study().exportCommand,
  },
  {
    name: 'bundle',
    usage: 'bundle NAME [--out FILE.zip] [--tier quick|full] [--json]',
    about: 'a study in one archive: result files, figures, tables, versions, and a manifest with their hashes',
    options: { ...tier, ...named({ out: 'FILE.zip' }), ...json },
    positionals: ['NAME'],
    load: () => (require('./bundle') as typeof import('./bundle')).bundleCommand,
  },
  {
    name: 'redraw',
    usage: 'redraw FILE.zip [--json]',
    about:
      'check an archive of a study and draw its figures again from its result files, to compare them byte for byte',
    options: json,
    positionals: ['FILE.zip'],
    load: () => (require('./bundle') as typeof import('./bundle')).redrawCommand,
  },
  {
    name: 'report',
    usage: 'report [--out FILE.html] [--json]',
    about: 'all results on one page for a browser: studies, figures, tables, verdicts, runs',
    options: { ...named({ out: 'FILE.html' }), ...json },
    positionals: [],
    load: () => (require('./report') as typeof import('./report')).reportCommand,
  },
];
