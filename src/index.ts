export type { MemoryUse, StepProfile, WasmVariant } from './engine/types.js';
export { LutraError, type LutraErrorCode, type LutraErrorDetails } from './errors.js';
export type { ImagePreprocess } from './graph/metadata.js';
export type { DataType, DataTypeMap, TensorData } from './graph/types.js';
export { InferenceSession } from './session/inference-session.js';
export type { ModelSource } from './session/load.js';
export { Tensor } from './session/tensor.js';
export type {
  CreateOptions,
  Feeds,
  Fetches,
  InferenceSessionApi,
  LoadProgress,
  RunOptions,
  SessionInfo,
  TensorLike,
  ValueMetadata,
} from './session/types.js';
