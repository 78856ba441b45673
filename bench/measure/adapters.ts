import type { Adapter, EngineId } from './types.js';

/** How to load engines; each brings its own files only when it is wanted. */
export type Adapters = Readonly<Partial<Record<EngineId, () => Promise<{ readonly adapter: Adapter }>>>>;

/** The engines that run ONNX files. */
export const ONNX_ADAPTERS: Adapters = {
  lutra: () => import('../peers/lutra.js'),
  'lutra-dense': () => import('../peers/lutra.js'),
  'ort-f32': () => import('../peers/onnxruntime.js'),
  'ort-int8': () => import('../peers/onnxruntime.js'),
  tfjs: () => import('../peers/tfjs.js'),
};

/** @throws Error when the engine is not among them */
export async function loadAdapter(adapters: Adapters, engine: EngineId): Promise<Adapter> {
  const load = adapters[engine];
  if (!load) throw new Error(`the engine "${engine}" cannot be measured on this page`);
  return (await load()).adapter;
}
