/** Nearest integer, ties to even, as IEEE 754 and the ONNX operator Round do. Exact for every double; NaN stays NaN. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : rest >= 0.5 ? floor + 1 : value;
}
