/** Wire types of the protobuf encoding (protobuf.dev/programming-guides/encoding); groups are not used by ONNX. */
export const WIRE = { varint: 0, bit64: 1, bytes: 2, bit32: 5 } as const;

const MOST_VARINT_BITS = 70;
// A byte order mark is part of a name like any other character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads protobuf values one after the other. Every method throws an Error when the bytes end too early. */
export class WireReader {
  pos = 0;
  readonly length: number;
  readonly #view: DataView;
  /** Halves of the last varint. */
  #low = 0;
  #high = 0;

  constructor(private readonly source: Uint8Array) {
    this.length = source.length;
    this.#view = new DataView(source.buffer, source.byteOffset, source.length);
  }

  tag(): [field: number, wire: number] {
    const tag = this.uint32();
    if (this.#high !== 0 || tag < 8) throw new Error('a field has no valid number');
    return [tag >>> 3, tag & 7];
  }

  skip(wire: number): void {
    if (wire === WIRE.varint) this.#varint();
    else if (wire === WIRE.bit64) this.#advance(8);
    else if (wire === WIRE.bytes) this.bytes();
    else if (wire === WIRE.bit32) this.#advance(4);
    else throw new Error(`wire type ${wire} is not used by ONNX`);
  }

  uint32(): number {
    this.#varint();
    return this.#low >>> 0;
  }

  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  uint64(): bigint {
    this.#varint();
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  float(): number {
    return this.#view.getFloat32(this.#advance(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  /** A view of the source. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#advance(length);
    return this.source.subarray(start, start + length);
  }

  string(): string {
    return decoder.decode(this.bytes());
  }

  /** Moves on, and returns where it was. */
  #advance(count: number): number {
    const start = this.pos;
    if (count > this.length - start) throw new Error('a value runs past the end of the file');
    this.pos = start + count;
    return start;
  }

  #varint(): void {
    this.#low = 0;
    this.#high = 0;
    for (let shift = 0; shift < MOST_VARINT_BITS; shift += 7) {
      const byte = this.source[this.#advance(1)]!;
      const bits = byte & 0x7f;
      if (shift < 32) this.#low |= bits << shift;
      if (shift >= 32) this.#high |= bits << (shift - 32);
      else if (shift > 25) this.#high |= bits >>> (32 - shift);
      if (byte < 0x80) return;
    }
    throw new Error('a varint is longer than ten bytes');
  }
}
