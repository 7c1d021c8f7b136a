// Methods of ours, drawn in written form, to be handed to each library.

/** A small generator of numbers in [0, 1) from a text. */
export function numbersFrom(text) {
  let state = 2166136261;
  for (const char of text) state = Math.imul(state ^ char.codePointAt(0), 16777619) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

const forms = {
  peft: [
    (n) => `lora:r=${n(1, 5)},s=${n(1, 4)}`,
    (n) => `rslora:r=${n(1, 5)}`,
    (n) => `dora:r=${n(1, 5)}`,
    (n) => `pissa:r=${n(1, 3)}`,
    (n) => `adalora:r=${n(1, 4)}`,
    (n) => `vera:r=${n(2, 6)},seed=${n(1, 9)}`,
    () => 'ia3',
    () => 'layernorm',
    (n) => `lora-ffn:r=${n(1, 5)}`,
    (n) => `lora-fa:r=${n(1, 5)}`,
    (n) => `prefix:l=${n(1, 5)}`,
    (n) => `prefix:l=${n(1, 5)},positions=shifted`,
    (n) => `prompt:l=${n(1, 5)},positions=shifted`,
    (n) => `prompt:l=${n(1, 5)}`,
    (n) => `lora:r=${n(1, 3)}+lora-ffn:r=${n(1, 3)}`,
    (n) => `lora:r=${n(1, 3)}+lora:r=${n(1, 3)}`,
    (n) => `dora:r=${n(1, 3)}+lora-ffn:r=${n(1, 3)}`,
    (n) => `ia3+lora:r=${n(1, 3)}`,
    () => 'bitfit',
    () => 'bitfit+ia3',
    (n) => `point:site=attn.value,form=linear,r=${n(1, 4)},s=${n(1, 3)},layers=from1`,
    (n) => `point:site=attn.query,form=diagonal,how=multiply,reads=h`,
    (n) => `lora:r=${n(1, 4)},s=${n(1, 3)},at=all-linear`,
    (n) => `dora:r=${n(1, 4)},at=o.gate`,
    (n) => `rslora:r=${n(1, 4)},at=o.up`,
    (n) => `tokens:ids=${n(0, 9)}.${n(10, 30)}`,
    (n) => `lora:r=${n(1, 4)}+tokens:ids=${n(0, 9)}.${n(10, 30)}`,
    (n) => `lora:r=${n(1, 4)}+head:rows=${n(1, 3)}`,
    (n) => `lora:r=${n(1, 4)}+layernorm`,
  ],
  adapters: [
    (n) => `houlsby:m=${n(1, 8)},norms=frozen`,
    (n) => `pfeiffer:r=${n(1, 8)}`,
    (n) => `pa-ffn:r=${n(1, 8)}`,
    (n) => `pa-ffn:r=${n(1, 8)},s=${n(1, 4)},reads=residual`,
    (n) => `sa-ffn:r=${n(1, 8)},norm=in`,
    (n) => `sa-attn:r=${n(1, 8)},s=learned`,
    (n) => `sa-ffn:r=${n(1, 8)},s=channel,act=gelu`,
    (n) => `mam:l=${n(1, 5)},r=${n(1, 8)}`,
    (n) => `prefix:l=${n(1, 5)}`,
    (n) => `prefix:l=${n(1, 5)},mlp=${n(4, 16)}`,
    (n) => `unipelt:l=${n(1, 5)},r=${n(1, 4)},m=${n(1, 8)}`,
    (n) => `compacter:r=${4 * n(1, 2)},n=2`,
    (n) => `lora:r=${n(1, 5)},s=${n(1, 4)}`,
    () => 'ia3:form=adapters',
    () => 'ia3',
    (n) => `pissa:r=${n(1, 3)}`,
    (n) => `adalora:r=${n(1, 4)}`,
    (n) => `vera:r=${n(2, 6)},seed=${n(1, 9)}`,
    (n) => `sa-ffn:r=${n(1, 4)}+sa-ffn:r=${n(1, 4)}`,
    (n) => `lora:r=${n(1, 3)}+lora-ffn:r=${n(1, 3)}`,
    (n) => `lora:r=${n(1, 3)}+pfeiffer:r=${n(1, 4)}`,
    (n) => `dora:r=${n(1, 5)}`,
    (n) => `adapterdrop:r=${n(1, 6)},first=1`,
    (n) => `pa-ffn:r=${n(1, 4)}+prefix:l=${n(1, 4)}`,
    (n) => `pa-attn:r=${n(1, 8)}`,
    (n) => `sa-ffn:r=${n(1, 4)},norm=out`,
  ],
};

/** @param library peft or adapters */
export function ownMethod(key, library) {
  const next = numbersFrom(`${key}/own`);
  const whole = (low, high) => low + Math.floor(next() * (high - low + 1));
  const list = forms[library];
  return list[Math.floor(next() * list.length)](whole);
}
