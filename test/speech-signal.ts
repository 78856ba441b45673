/**
 * The signal that the stored references were computed from: a tone, a rising tone and a pattern like noise. [length], −0.55..0.55
 */
export function testSignal(length: number, sampleRate: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => {
    const t = n / sampleRate;
    const tone = 0.3 * Math.sin(2 * Math.PI * 440 * t) + 0.2 * Math.sin(2 * Math.PI * (300 * t + 900 * t * t));
    return tone + 0.05 * (((n * 7919) % 251) / 125 - 1);
  });
}
