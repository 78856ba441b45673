import type { NodeProto } from 'onnx-buf';

/** Writes the nodes of a function body (docs/lookup-operators.md). */
export type FunctionBody = () => NodeProto[];
