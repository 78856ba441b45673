/** From sound to network input: entry point `lutra/speech`. */
export { LutraError, type LutraErrorCode } from '../errors.js';
export type { AudioPreprocess } from '../graph/metadata.js';
export { fitClip } from './clip.js';
export { FeatureStream } from './feature-stream.js';
export { ClipFeatures, speechInput } from './features.js';
export { decodeMuLaw } from './mulaw.js';
export { Resampler, resample } from './resample.js';
export { checkAudioPreprocess, clipSamples, KEYWORD_FEATURES, readAudioPreprocess } from './spec.js';
export { decodeWav, encodeWav, isWav, type Recording } from './wav.js';
