import { renameSync, writeFileSync } from 'node:fs';

const kinds = { Float32Array: 'F32', Int32Array: 'I32' };

/** Writes { name: { shape, data } } as a safetensors file, whole or not at all. */
export function writeSafetensors(path, tensors) {
  const header = {};
  const parts = [];
  let at = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: kinds[data.constructor.name], shape, data_offsets: [at, at + data.byteLength] };
    parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    at += data.byteLength;
  }
  let text = JSON.stringify(header);
  text += ' '.repeat((8 - (text.length % 8)) % 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path + '.tmp', Buffer.concat([length, Buffer.from(text), ...parts]));
  renameSync(path + '.tmp', path);
}
