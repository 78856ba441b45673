/** Training of dense networks and of lookup networks: entry point `lutra/train`. Needs onnxruntime-node, or onnxruntime-web in a page. */
export type { Random } from '../convert/random.js';
export type { Dataset } from '../data/dataset.js';
export { LutraError, type LutraErrorCode } from '../errors.js';
export type { Preprocess } from '../graph/metadata.js';
export type { LookupLoss, LookupTrainingOptions } from '../lut/coded/train/options.js';
export type { BestState } from './best.js';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
export { channelStatistics, type ImageBytes, type ImageVariation, imageSet, readImages } from './data/images.js';
export { type Recordings, type RecordingVariation, readRecordings, recordingSet } from './data/recordings.js';
export { holdOut, holdOutGroups, type Split } from './data/split.js';
export type { TrainingSet, Variation } from './data/training-set.js';
export type { Trainable } from './dense-task.js';
export { type Measured, measureAccuracy } from './forward.js';
export type { TrainingRecord } from './history.js';
export type { Recipe } from './recipe.js';
export { type LayerError, reportPage, type TrainingReport } from './report/page.js';
export { learningRate, type ScheduleKind, type ScheduleOptions } from './schedule.js';
export {
  buildNetwork,
  type TrainControl,
  type TrainDenseOptions,
  type TrainedModel,
  trainDense,
  warmStart,
} from './train-dense.js';
export { LOOKUP_RECIPE, type TrainedLookup, type TrainLookupOptions, trainLookup } from './train-lookup.js';
export type { Budget, TrainerOptions, TrainingProgress, TrainingResult } from './trainer.js';
export type { AdamOptions, OptimizerOptions, ParameterOptions, SgdOptions, TrainingState } from './types.js';
export type { ValidationResult } from './validate.js';
export type { BuildOptions, BuiltNetwork, ZooNetwork } from './zoo/network.js';
export { findNetwork, NETWORKS } from './zoo/networks.js';
