// The tslab kernel, known to the project's own Jupyter only.
import { at, holds, writeAtomically } from './shell.mjs';

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
const files = [
  [
    at('.venv', 'share', 'jupyter', 'kernels', 'tslab', 'kernel.json'),
    json({
      // Relative to the spec itself: the clone may be moved.
      argv: ['node', '{resource_dir}/../../../../../scripts/kernel.cjs', '{connection_file}'],
      display_name: 'TypeScript',
      language: 'typescript',
      env: { TF_CPP_MIN_LOG_LEVEL: '3' },
    }),
  ],
  // No news pop-up, which would ask a server on the internet.
  [
    at('.venv', 'etc', 'jupyter', 'labconfig', 'page_config.json'),
    json({ disabledExtensions: { '@jupyterlab/apputils-extension:announcements': true } }),
  ],
];

export const kernel = {
  name: 'notebook kernel',
  ready: () => files.every(([file, text]) => holds(file, text)),
  act: () => {
    files.forEach(([file, text]) => writeAtomically(file, text));
  },
};
