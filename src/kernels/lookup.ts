/** Lookup kernels and the fields of their parameter blocks, in order. */
export const LOOKUP_KERNELS = {
  /** Dense float32 [N·C, H, W] → padded uint8 planes. A tile is one row. */
  quantise: ['input', 'output', 'rows', 'width', 'plane', 'pitch', 'inverse:f32'],
} as const satisfies Record<string, readonly string[]>;
