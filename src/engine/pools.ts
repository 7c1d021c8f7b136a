import { threadsTold } from './threads';

// Read when TensorFlow makes its first device: a program then has threads of its own, as many as it asks for (`threads.ts`).
if (threadsTold() > 1) process.env.TF_OVERRIDE_GLOBAL_THREADPOOL ??= '1';
