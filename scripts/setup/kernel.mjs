// The tslab kernel, known to the project's own Jupyter only.
import { readFileSync } from 'node:fs';
import { at, holds, writeAtomically } from './shell.mjs';

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
const spec = at('.venv', 'share', 'jupyter', 'kernels', 'tslab', 'kernel.json');
const specText = json({
  // Relative to the spec itself: the clone may be moved.
  argv: ['node', '{resource_dir}/../../../../../scripts/kernel.cjs', '{connection_file}'],
  display_name: 'TypeScript',
  language: 'typescript',
  env: { TF_CPP_MIN_LOG_LEVEL: '3' },
});

// No news pop-up, which would ask a server on the internet. JupyterLab writes its own settings into the same file.
const page = at('.venv', 'etc', 'jupyter', 'labconfig', 'page_config.json');
const news = '@jupyterlab/apputils-extension:announcements';

function settings() {
  try {
    const found = JSON.parse(readFileSync(page, 'utf8'));
    return typeof found === 'object' && found !== null ? found : {};
  } catch {
    return {};
  }
}

export const kernel = {
  name: 'notebook kernel',
  ready: () => holds(spec, specText) && settings().disabledExtensions?.[news] === true,
  act: () => {
    writeAtomically(spec, specText);
    const { disabledExtensions, ...others } = settings();
    writeAtomically(page, json({ ...others, disabledExtensions: { ...disabledExtensions, [news]: true } }));
  },
};
