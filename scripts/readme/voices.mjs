// What writing for five tasks takes, as it was measured.
import { lab, tableMarkdown } from './lab.mjs';

export function served() {
  const measured = lab.readVoicesBench();
  if (measured === undefined) return 'Not measured yet: `node bench/voices.mjs`.';
  return `${tableMarkdown(lab.diskTable(measured))}\n\n${tableMarkdown(lab.servedTable(measured))}`;
}
