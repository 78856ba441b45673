import fc from 'fast-check';

/** One way of damaging a file. */
export type Mutation =
  | { readonly kind: 'truncate'; readonly at: number }
  | { readonly kind: 'flip'; readonly bits: readonly number[] }
  | { readonly kind: 'overwrite'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'random'; readonly bytes: Uint8Array };

/** Positions are fractions of the length, so that one mutation fits every file. */
const position = fc.noBias(fc.integer({ min: 0, max: 2 ** 30 - 1 })).map((place) => place / 2 ** 30);

export const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('truncate' as const), at: position }),
  fc.record({ kind: fc.constant('flip' as const), bits: fc.array(position, { minLength: 1, maxLength: 12 }) }),
  fc.record({
    kind: fc.constant('overwrite' as const),
    at: position,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 10 }),
  }),
  fc.record({ kind: fc.constant('random' as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
);

/** A damaged copy of `bytes`. */
export function mutate(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  if (mutation.kind === 'random') return mutation.bytes;
  if (mutation.kind === 'truncate') return bytes.slice(0, Math.floor(mutation.at * bytes.length));
  const copy = new Uint8Array(bytes);
  if (mutation.kind === 'overwrite') {
    const at = Math.floor(mutation.at * copy.length);
    copy.set(mutation.bytes.subarray(0, copy.length - at), at);
  } else {
    for (const place of mutation.bits) {
      const bit = Math.floor(place * copy.length * 8);
      copy[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
  return copy;
}
