import { UserError } from '../../errors';

/** Files of torch.save, whose reading can run code. */
export function isPickle(name: string): boolean {
  return /\.(bin|pt|pth|ckpt|pkl)$/.test(name);
}

export function pickleRefused(path: string): UserError {
  return new UserError(
    `${path} is a Python pickle, which can run code and is not read: save the model again with model.save_pretrained(folder, safe_serialization=True)`,
  );
}
