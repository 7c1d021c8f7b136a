// The rooms of src: an import may only point to the same room or to one further right.
const rooms = ['views', 'plots', 'experiments', 'retrieval', 'training', 'tasks', 'petl', 'model', 'engine'];
const tests = '[.]test[.]ts$|/testing/';

const upward = rooms
  .slice(1)
  .map((room, index) => ({
    name: `${room}-imports-down`,
    severity: 'error',
    comment: `src/${room} may import only ${[room, ...rooms.slice(index + 2)].join(', ')} and the small files of src itself.`,
    from: { path: `^src/${room}/`, pathNot: tests },
    to: { path: `^src/(${rooms.slice(0, index + 1).join('|')}|commands)/` },
  }));

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'plots-take-rows',
      severity: 'error',
      comment: 'Plots know no other room: rows, intervals and numbers stand in small files of src itself.',
      from: { path: '^src/plots/', pathNot: tests },
      to: { path: `^src/(${rooms.filter((room) => room !== 'plots').join('|')})/` },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'tslab cannot load modules that import each other; a type that two share stands below both.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'rooms-know-no-command-line',
      severity: 'error',
      comment: 'Only cli.ts and the commands know the command line.',
      from: { path: `^src/(${rooms.join('|')})/`, pathNot: tests },
      to: { path: '^src/(cli[.]ts|index[.]ts|commands/)' },
    },
    { name: 'nobody-imports-tests', severity: 'error', from: {}, to: { path: '[.]test[.]ts$' } },
    {
      name: 'helpers-of-tests-stay-with-tests',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: '/testing/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'types'] },
    tsConfig: { fileName: 'tsconfig.json' },
    cache: { folder: '.cache/depcruise', strategy: 'metadata' },
  },
};
