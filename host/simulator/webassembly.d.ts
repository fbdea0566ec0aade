/*
 * The part of WebAssembly's JavaScript interface that the simulator uses; in @types/node it is missing, as a part of
 * the DOM's types.
 */
declare namespace WebAssembly {
    class Module {
        constructor(bytes: Uint8Array)
    }
    class Instance {
        constructor(module: Module, imports: Record<string, Record<string, (...args: number[]) => number | void>>)
        readonly exports: Record<string, unknown>
    }
    interface Memory {
        readonly buffer: ArrayBuffer
    }
}
