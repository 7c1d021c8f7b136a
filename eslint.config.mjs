import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const outsideEngine = [
  ['tf', 'train', 'Optimizers are values of src/training, applied inside the step.'],
  ['tf', 'dropout', "Dropout takes a seeded stream: use the engine's."],
  ...[
    'rand',
    'randomUniform',
    'randomNormal',
    'randomGamma',
    'randomStandardNormal',
    'randomUniformInt',
    'truncatedNormal',
    'multinomial',
  ].map((name) => ['tf', name, 'Randomness is an input: use a seeded stream.']),
].map(([object, property, message]) => ({ object, property, message }));

const inputs = [
  { object: 'Math', property: 'random', message: 'Randomness is an input: use a seeded stream.' },
  { object: 'Date', property: 'now', message: 'The clock is read in src/clock.ts only.' },
  { object: 'performance', property: 'now', message: 'The clock is read in src/clock.ts only.' },
];

const syntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  { selector: 'ClassDeclaration[superClass]:not([superClass.name="Error"])', message: 'No inheritance.' },
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'The clock is read in src/clock.ts only.',
  },
];

const nodeGlobals = Object.fromEntries(
  [
    'console',
    'process',
    'require',
    'module',
    '__dirname',
    '__filename',
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'globalThis',
    'performance',
    'Buffer',
    'URL',
    'fetch',
    'AbortSignal',
  ].map((name) => [name, 'readonly']),
);

export default defineConfig(
  { ignores: ['node_modules/', '.venv/', '.venv-*/', '.cache/', 'data/', 'results/', 'notebooks/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['src/**/*.ts'],
    extends: [tseslint.configs.strict],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-properties': ['error', ...outsideEngine, ...inputs],
      'no-restricted-syntax': ['error', ...syntax],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Heavy modules are required inside functions, so that the commands that do not need them start at once.
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
  { files: ['src/engine/**/*.ts'], rules: { 'no-restricted-properties': ['error', ...inputs] } },
  {
    files: ['src/clock.ts'],
    rules: {
      'no-restricted-properties': ['error', ...outsideEngine],
      'no-restricted-syntax': ['error', ...syntax.slice(0, 3)],
    },
  },
  {
    files: ['src/**/*.test.ts', 'src/**/testing/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': 'off',
      'max-params': 'off',
      'no-restricted-properties': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['bin/**/*.cjs', 'scripts/**/*.{mjs,cjs}', '*.{mjs,cjs}'],
    extends: [tseslint.configs.base],
    languageOptions: { globals: nodeGlobals },
    rules: { 'no-undef': 'error', 'no-unused-vars': 'error', 'prefer-const': 'error', eqeqeq: 'error' },
  },
);
