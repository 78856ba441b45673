import type { Activation, Epilogue, TensorValue } from '../graph/types.js';

/** `y = activation(y + residual)` in place: what a node carries behind its operator when no kernel fused it. */
export function applyEpilogue(epilogue: Epilogue, output: TensorValue, residual: TensorValue | undefined): void {
  const y = output.data as Float32Array;
  if (residual) {
    const r = residual.data as Float32Array;
    for (let i = 0; i < y.length; i++) y[i] = y[i]! + r[i]!;
  }
  if (!epilogue.activation) return;
  const activate = activationFunction(epilogue.activation);
  for (let i = 0; i < y.length; i++) y[i] = activate(y[i]!);
}

function activationFunction(activation: Activation): (x: number) => number {
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
