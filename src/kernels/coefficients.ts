/**
 * Constants of the functions in assembly/dense/functions.ts, f32. Only the build reads them: kernels get the byte offset of each by its
 * name (assembly/gen/constants.ts), planning gets the values alone (gen/coefficients.ts).
 */
export const COEFFICIENTS = {
  /** e^x overflows above the first and is 0 below the second. */
  expMax: 89,
  expMin: -104,
  log2e: Math.LOG2E,
  /** 1.5·2^23: adding it leaves the nearest integer in the low bits. */
  roundingMagic: 12582912,
  /** −ln 2 in two parts. */
  minusLn2High: -0.693359375,
  minusLn2Low: 2.1219444e-4,
  /** Factors of r^7 to r^0 in e^r. That of r^1 is 1, too. */
  exp7: 1.98756915e-4,
  exp6: 1.39819995e-3,
  exp5: 8.33345191e-3,
  exp4: 4.16657959e-2,
  exp3: 1.66666655e-1,
  exp2: 5.00000012e-1,
  exp0: 1,
  /** The error function is ±1 beyond. */
  erfMax: 3.9,
  erfMin: -3.9,
  /** Factors of x^13 to x^1 of its numerator. */
  erfNumerator13: -2.72614225801306e-10,
  erfNumerator11: 2.77068142495902e-8,
  erfNumerator9: -2.10102402082508e-6,
  erfNumerator7: -5.69250639462346e-5,
  erfNumerator5: -7.34990630326855e-4,
  erfNumerator3: -2.95459980854025e-3,
  erfNumerator1: -1.60960333262415e-2,
  /** Factors of x^8 to x^0 of its denominator. */
  erfDenominator8: -1.45660718464996e-5,
  erfDenominator6: -2.13374055278905e-4,
  erfDenominator4: -1.68282697438203e-3,
  erfDenominator2: -7.37332916720468e-3,
  erfDenominator0: -1.42647390514189e-2,
  /** What Gelu multiplies x by. */
  sqrtHalf: Math.SQRT1_2,
} as const;
