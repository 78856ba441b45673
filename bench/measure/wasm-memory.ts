/** Every Wasm memory of this thread that is still alive, made here or exported by an instance. */
const memories = new Set<WebAssembly.Memory>();

/** Notes the memories that engines make from now on. Call it before any engine is loaded. */
export function watchMemories(): void {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.add(this);
    }
  };
  const noteExports = ({ exports }: WebAssembly.Instance) => {
    for (const value of Object.values(exports)) if (value instanceof Memory) memories.add(value);
  };
  const { instantiate, instantiateStreaming } = WebAssembly;
  const watch =
    (original: (...parameters: never[]) => Promise<WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource>) =>
    async (...parameters: unknown[]) => {
      const result = await original.apply(WebAssembly, parameters as never[]);
      noteExports('instance' in result ? result.instance : result);
      return result;
    };
  Object.assign(WebAssembly, {
    instantiate: watch(instantiate),
    ...(instantiateStreaming ? { instantiateStreaming: watch(instantiateStreaming) } : {}),
  });
}

/** Bytes of all of them. Wasm memories never shrink, so this is their peak, too. */
export function memoryBytes(): number {
  let total = 0;
  for (const { buffer } of memories) total += buffer.byteLength;
  return total;
}
