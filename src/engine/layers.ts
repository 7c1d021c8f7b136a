/*
 * The hot layers, each with the gradient written out. In a compiled step a gradient that nothing reads (a frozen
 * weight's)
 * is never computed: TensorFlow prunes it. Token-wise tensors are packed: [N, width].
 */
export { gatedSilu, gelu, geluTanh, halfGelu, logSumExp, relu, silu, softmax, tanh } from './activations';
export { attend, attendPacked, canAttendPacked, isForOneKernel, type Asked, type PackedRows } from './attention';
export { detach, withGradient } from './gradient';
export { layerNorm, rmsNorm } from './norms';
export { linear, matmul } from './products';
export { gatherRows, oneHot, reorderRows, scatterRows } from './rows';
