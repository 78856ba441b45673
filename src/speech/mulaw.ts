/** Values of the 256 codes: ITU-T G.711 µ-law as signed 16-bit samples, divided by 32768. */
export const MU_LAW_VALUES = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 255;
  const magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132;
  return (code & 128 ? 0 - magnitude : magnitude) / 32768;
});

/** Decodes ITU-T G.711 µ-law, one byte per sample, to −1..1. */
export function decodeMuLaw(bytes: Uint8Array): Float32Array {
  const samples = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = MU_LAW_VALUES[bytes[i]!]!;
  return samples;
}
