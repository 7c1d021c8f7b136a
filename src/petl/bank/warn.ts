const warned = new Set<string>();

/** On standard error, once a process for each text. */
export function warnOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  process.emitWarning(text, 'PetlWarning');
}
