import { createHash } from 'node:crypto';

/** The mark that closes a sealed text. */
const seal = /,"checksum":"([0-9a-f]{16})"\}\n$/;

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * A text that ends with a JSON object and a line's end, with a last key in that object: the first 16 hexadecimal digits
 * of SHA-256 over the text without it.
 */
export function sealed(text: string): string {
  if (!text.endsWith('}\n')) throw new Error('only what ends with an object can be sealed');
  return `${text.slice(0, -2)},"checksum":"${checksumOf(text)}"}\n`;
}

/** The text as it was before it was sealed; texts from before there were seals as they are; undefined where changed. */
export function unsealed(text: string): string | undefined {
  const [mark, checksum] = seal.exec(text) ?? [];
  if (mark === undefined) return text;
  const bare = `${text.slice(0, -mark.length)}}\n`;
  return checksumOf(bare) === checksum ? bare : undefined;
}
