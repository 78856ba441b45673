/**
 * The class of `<lutra-classifier>`, without side effects. `lutra/element/define` registers it.
 *
 * @packageDocumentation
 */
export type { Recording } from '../speech/wav.js';
export { LutraClassifierElement } from './classifier-element.js';
export type {
  AudioSource,
  ClassifierEventMap,
  ClassifierResult,
  ClassifierTask,
  ClassScore,
  ImageSource,
} from './types.js';
