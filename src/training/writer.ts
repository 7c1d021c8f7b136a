import { UserError } from '../errors';

/** Of a task that writes texts on a model without a decoder. */
export const noWriter = (task: string, model: string): UserError =>
  new UserError(
    `task "${task}" needs a model that writes, and model "${model}" is none: choose petl-mini-seq2seq or smollm2-135m`,
  );
