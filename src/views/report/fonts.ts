import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Subsets that figures and tables write in; others come from a font of the reader's machine. */
const subsets = /^ arimo-(latin|greek)-\d+-normal \*\//;

/** Arimo inside of a page, about 50 kB: pictures are laid out by its widths. */
export function embeddedFont(): string {
  const folder = dirname(require.resolve('@fontsource/arimo/package.json'));
  const faces = ['400', '600'].flatMap((weight) =>
    readFileSync(join(folder, `${weight}.css`), 'utf8')
      .split('/*')
      .filter((face) => subsets.test(face)),
  );
  return faces
    .map((face) =>
      face
        .replace(subsets, '')
        .replace(/src: url\(([^)]+\.woff2)\)[^;]+;/, (_, file: string) => embedded(join(folder, file))),
    )
    .join('');
}

function embedded(file: string): string {
  return `src: url('data:font/woff2;base64,${readFileSync(file).toString('base64')}') format('woff2');`;
}
