// Every kernel: `name(params: usize, begin: i32, end: i32, thread: i32): void`, see src/kernels/list.ts.
// Rules for code here: no heap, no static data, no globals that change, no calls between kernels. The builds import a
// shared memory into which several instances are put side by side, and static data would be rewritten by each of them.
export * from './lookup/index';
export * from './dense/index';
