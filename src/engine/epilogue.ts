import type { Activation, Epilogue, Node, TensorValue } from '../graph/types.js';
import type { OperatorSet } from '../ops/operator-set.js';

/** `y = activation(y + residual)` in place: what a node carries behind its operator when no kernel fused it. */
export function applyEpilogue(
  epilogue: Epilogue,
  output: TensorValue,
  residual: TensorValue | undefined,
  operators: OperatorSet,
): void {
  const y = output.data as Float32Array;
  if (residual) {
    const r = residual.data as Float32Array;
    for (let i = 0; i < y.length; i++) y[i] = y[i]! + r[i]!;
  }
  if (!epilogue.activation) return;
  if (epilogue.activation.kind === 'Gelu') {
    // Fused from this operator, which is therefore known.
    operators.of(GELU, {})!.evaluate({ node: GELU, opset: 1, inputs: [output] }, [output]);
    return;
  }
  const activate = activationFunction(epilogue.activation);
  for (let i = 0; i < y.length; i++) y[i] = activate(y[i]!);
}

const GELU: Node = { name: '', op: 'Gelu', domain: 'com.microsoft', inputs: [''], outputs: [''], attributes: {} };

function activationFunction(activation: Exclude<Activation, { kind: 'Gelu' }>): (x: number) => number {
  switch (activation.kind) {
    case 'Relu':
      return (x) => Math.max(x, 0);
    case 'LeakyRelu':
      return (x) => (x < 0 ? x * activation.alpha : x);
    case 'Clip':
      return (x) => Math.min(Math.max(x, activation.min), activation.max);
    case 'HardSwish':
      return (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5));
  }
}
