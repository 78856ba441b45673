/**
 * The intermediate representation: one typed graph that the importer produces, passes rewrite,
 * the planner reads and the exporter writes. Names are ONNX's. Values are plain data (structured-cloneable).
 */

/** ONNX element types that the IR can hold, in the spelling of onnxruntime's `Tensor.type`. */
export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string';

/** Storage of each element type. float16 is held as raw bits; bool as one byte 0/1. */
export interface DataTypeMap {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
  string: string[];
}
export type TensorData = DataTypeMap[DataType];

/** Element type and concrete shape. A scalar has `dims = []`. */
export interface TensorType {
  readonly type: DataType;
  readonly dims: readonly number[];
}

/** A concrete tensor: `data.length` is the product of `dims`, row-major. */
export interface TensorValue extends TensorType {
  readonly data: TensorData;
}

/** A declared graph input or output; a symbolic dimension is its name, an unknown one is `''`. */
export interface ValueInfo {
  readonly name: string;
  readonly type: DataType;
  /** undefined when the model does not declare a rank. */
  readonly dims: readonly (number | string)[] | undefined;
}

/** ONNX attribute values. int64 attributes are numbers (refused at import when not safe integers). */
export type Attribute = number | string | readonly number[] | readonly string[] | TensorValue | Graph;

/** Scalar function applied to a node's result before it is stored (set by the fusion pass only). */
export type Activation =
  | { readonly kind: 'Relu' }
  | { readonly kind: 'LeakyRelu'; readonly alpha: number }
  | { readonly kind: 'Clip'; readonly min: number; readonly max: number }
  | { readonly kind: 'HardSwish' }
  /** Behind a LookUp only. */
  | { readonly kind: 'Gelu' };

/**
 * Work fused behind a Conv, Gemm, MatMul or LookUp: `y = activation(op(x) + residual)`.
 * Never written to files; the exporter refuses it.
 */
export interface Epilogue {
  /** Name of a float32 value of exactly the node's output shape. */
  readonly residual?: string;
  readonly activation?: Activation;
}

export interface Node {
  /** Unique within its graph; the importer invents one where the file has none. */
  readonly name: string;
  readonly op: string;
  /** `''` for the standard domain, `'lutra'` for lookup operators, `'com.microsoft'`. */
  readonly domain: string;
  /** Value names; `''` is an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly epilogue?: Epilogue;
}

export interface Graph {
  readonly name: string;
  /** Domain → version, e.g. `{'': 17, lutra: 1}`. */
  readonly opset: Readonly<Record<string, number>>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Topologically sorted. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, TensorValue>;
  /** ModelProto.metadata_props: preprocessing, calibration facts, content hash. */
  readonly metadata: Readonly<Record<string, string>>;
}
