/** Dense kernels and the fields of their parameter blocks, in order. */
export const DENSE_KERNELS = {} as const satisfies Record<string, readonly string[]>;
