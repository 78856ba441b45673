import type { Adapter, EngineId, ModelForm } from './types.js';

export interface EngineEntry {
  readonly title: string;
  /** The file that it runs. */
  readonly form: ModelForm;
  readonly load: () => Promise<{ readonly adapter: Adapter }>;
}

export const ENGINES: Readonly<Record<EngineId, EngineEntry>> = {
  lutra: { title: 'Lutra, lookup', form: 'lut', load: () => import('../peers/lutra.js') },
  'lutra-dense': { title: 'Lutra, dense', form: 'dense', load: () => import('../peers/lutra.js') },
  'ort-f32': { title: 'onnxruntime-web', form: 'dense', load: () => import('../peers/onnxruntime.js') },
  'ort-int8': { title: 'onnxruntime-web, int8', form: 'int8', load: () => import('../peers/onnxruntime.js') },
  tfjs: { title: 'TensorFlow.js', form: 'dense', load: () => import('../peers/tfjs.js') },
  litert: { title: 'LiteRT.js', form: 'tflite', load: () => import('../peers/litert.js') },
};

export const ENGINE_IDS = Object.keys(ENGINES) as EngineId[];
