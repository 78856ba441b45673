import { FORCED } from './check-forms.js';
import { countDifferent, distance } from './compare.js';
import type { Contender, Tensors } from './types.js';
import type { Answers, Verification } from './verify.js';

/**
 * Codes and sums are integers: equal inputs give equal results. Float32 layers between lookup layers round differently in each engine. This
 * sometimes moves an activation to the next integer, and one code in a few thousand changes.
 */
const CODES = 1e-3;
/** Of the largest value of the answer: from the same codes on, only float32 layers are left. */
const LARGEST_ANSWER = 1e-3;

/**
 * Judges every lookup layer, however deep, by onnxruntime's run of the function bodies:
 *
 * 1. The reference goes on from Lutra's own codes in every layer, so that a difference in one layer neither hides nor causes one in
 *    another: its codes and its answer are what Lutra's should be, up to float32 rounding between the layers.
 * 2. Every layer alone is fed with the reference's input to it: all codes and all integer sums must be equal.
 *
 * @param contender who is verified
 * @param answer of the network as it will be timed
 * @param feeds of the network
 * @param refuse throws the reason
 */
export async function verifyLookups(
  contender: Contender,
  answer: Tensors,
  feeds: Tensors,
  answers: Answers,
  refuse: (why: string) => never,
): Promise<Verification> {
  const reference: Contender = { ...contender, engine: 'ort-f32' };
  const withCodes = await answers(contender, { form: 'codes' });
  const codes = Object.entries(withCodes).filter(([name]) => !(name in answer));
  for (const [name, tensor] of Object.entries(answer)) {
    if (countDifferent(withCodes[name], tensor) > 0) refuse(`${name} depends on whether the codes are looked at`);
  }
  const forced = await answers(reference, { form: 'forced', feeds: { ...feeds, ...Object.fromEntries(codes) } });
  let differing = 0;
  let total = 0;
  for (const [name, actual] of codes) {
    const count = actual.data.length;
    const different = countDifferent(forced[`${name}${FORCED}`], actual);
    if (different > CODES * count) refuse(`${different} of ${count} codes of ${name} differ`);
    differing += different;
    total += count;
  }
  const outputs = Object.fromEntries(Object.keys(answer).map((name) => [name, forced[name]!]));
  const { largest, rms } = distance(answer, outputs);
  if (!(largest <= LARGEST_ANSWER)) refuse(`off by ${largest} of the largest value, ${rms} on average`);
  const inputs = Object.entries(forced)
    .filter(([name, { type }]) => type === 'float32' && name.endsWith(FORCED))
    .map(([name, tensor]) => [name.slice(0, -FORCED.length), tensor] as const);
  const check = { form: 'layers', feeds: Object.fromEntries(inputs) } as const;
  const expected = await answers(reference, check);
  const actual = await answers(contender, check);
  let layers = 0;
  for (const [name, tensor] of Object.entries(expected)) {
    const different = countDifferent(actual[name], tensor);
    const what = tensor.type === 'uint8' ? 'codes' : 'sums';
    if (different > 0) refuse(`${different} of ${tensor.data.length} ${what} of ${name} differ`);
    if (what === 'sums') layers++;
  }
  return {
    ...contender,
    reference: 'onnxruntime-web, function bodies',
    largest,
    rms,
    codes: total === 0 ? 0 : differing / total,
    layers,
  };
}
