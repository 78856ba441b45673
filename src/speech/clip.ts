/** Seconds of the fade between a recording and added silence, so that no click is heard. */
const FADE = 0.005;

/** Start of the `length` samples with the largest sum of squares. Among equals the earliest. */
function loudestStart(signal: Float32Array, length: number): number {
  let energy = 0;
  for (let i = 0; i < length; i++) energy += signal[i]! ** 2;
  let best = energy;
  let start = 0;
  for (let i = length; i < signal.length; i++) {
    energy += signal[i]! ** 2 - signal[i - length]! ** 2;
    if (energy > best) [best, start] = [energy, i - length + 1];
  }
  return start;
}

/**
 * Makes a recording `length` samples long. Of a longer one the loudest part is taken. A shorter one is put in the middle of silence, with
 * its ends faded over 5 ms. One of the right length is returned as it is.
 * @param signal samples at `sampleRate` Hz, not changed
 */
export function fitClip(signal: Float32Array, length: number, sampleRate: number): Float32Array {
  if (signal.length >= length) {
    const start = loudestStart(signal, length);
    return signal.subarray(start, start + length);
  }
  const clip = new Float32Array(length);
  const start = (length - signal.length) >> 1;
  clip.set(signal, start);
  const fade = Math.min(Math.round(FADE * sampleRate), signal.length >> 1);
  for (let i = 0; i < fade; i++) {
    const gain = (i + 0.5) / fade;
    clip[start + i]! *= gain;
    clip[start + signal.length - 1 - i]! *= gain;
  }
  return clip;
}
