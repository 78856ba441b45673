import { describe, expect, it } from 'vitest';
import type { EngineThread } from './engine-thread.js';
import type { EngineId, ModelForm, Tensors } from './types.js';
import { differingCodes, distance, verify } from './verify.js';

const floats = (...data: number[]): Tensors => ({
  y: { type: 'float32', dims: [data.length], data: Float32Array.from(data) },
});
const codes = (...data: number[]): Tensors => ({
  codes: { type: 'uint8', dims: [data.length], data: Uint8Array.from(data) },
});

/** Engines with canned answers; the reference answers `dense` or `lut` with its codes. */
function engines(answers: Partial<Record<EngineId, Tensors>>, lookup: Tensors = { ...floats(1, 2), ...codes(1, 2) }) {
  const threadOf = (engine: EngineId, answer: Tensors) =>
    ({ engine, answer: async () => answer, close() {} }) as unknown as EngineThread;
  const threads = Object.entries(answers).map(([engine, answer]) => threadOf(engine as EngineId, answer));
  const open = async (engine: EngineId, form: ModelForm) => ({
    thread: threadOf(
      engine,
      form === 'codes' ? (engine === 'ort-f32' ? lookup : { ...floats(1, 2), ...codes(1, 2) }) : floats(10, -20),
    ),
  });
  return verify({ id: 'net', title: 'net', inputs: [], models: {} }, threads, open);
}

describe('distance', () => {
  it('is relative to the reference, and infinite for what cannot be compared', () => {
    expect(distance(floats(10, -21), floats(10, -20)).largest).toBeCloseTo(0.05);
    expect(distance(floats(10, -21), floats(10, -20)).rms).toBeCloseTo(1 / Math.sqrt(500));
    expect(distance(floats(1), floats(1, 2)).largest).toBe(Number.POSITIVE_INFINITY);
    expect(distance({}, floats(1)).rms).toBe(Number.POSITIVE_INFINITY);
    expect(distance(floats(Number.NaN, 1), floats(1, 1)).largest).toBeNaN();
  });
});

describe('differingCodes', () => {
  it('is a share, and 1 when there is nothing to compare', () => {
    expect(differingCodes(codes(1, 2, 3, 4), codes(1, 2, 3, 5))).toEqual({
      share: 0.25,
      firstShare: 0.25,
      first: 'codes',
    });
    expect(differingCodes(codes(1), codes(1, 2)).share).toBe(1);
    expect(differingCodes(floats(1), floats(1)).share).toBe(1);
  });
});

describe('verify', () => {
  it('accepts what agrees and tells how far it is off', async () => {
    const verified = await engines({
      lutra: floats(1, 2),
      'lutra-dense': floats(10, -20.001),
      'ort-int8': floats(11, -19),
    });
    expect(verified.map(({ engine }) => engine)).toEqual(['lutra', 'lutra-dense', 'ort-int8']);
    expect(verified[0]).toMatchObject({ largest: 0, codes: 0 });
  });

  it('refuses float engines that are off, NaN, other codes and other answers', async () => {
    await expect(engines({ 'lutra-dense': floats(10, -20.1) })).rejects.toThrow(/lutra-dense answers net wrongly/);
    await expect(engines({ tfjs: floats(Number.NaN, -20) })).rejects.toThrow(/tfjs/);
    await expect(engines({ 'ort-int8': floats(30, 20) })).rejects.toThrow(/ort-int8/);
    await expect(engines({ lutra: floats(1, 2) }, { ...floats(1, 2), ...codes(1, 3) })).rejects.toThrow(
      /% of the codes of codes differ/,
    );
    await expect(engines({ lutra: floats(1, 2.5) })).rejects.toThrow(/lutra answers net wrongly/);
  });
});
