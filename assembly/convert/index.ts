// Kernels of conversion: sums over the rows of lookup tables, and dense linear algebra in float32. They are a build of their own,
// which a page that only runs networks never loads. Memory is laid out by src/lut/coded/fit/kernels.ts.
export * from './linear';
export * from './rows';
