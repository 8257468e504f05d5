import { type Storage, type StorageDriver, StorageError } from "sendstate/sdk"
import { memory } from "sendstate/storage/memory"

type Method = keyof StorageDriver

/** What happens to one call of a driver: it is refused before or after it was done, or has to wait. */
export type StorageFault =
  | { readonly before: StorageError }
  | { readonly after: StorageError }
  | { readonly wait: Promise<unknown> }
  /** Not done, and answered with something that breaks the contract. */
  | { readonly nonsense: unknown }
  /** Done first, then answered late. */
  | { readonly waitAfter: Promise<unknown> }

/** A storage that fails when the test says so: set `fault` whenever it shall change. */
export interface FaultyStorage extends Storage {
  /** Asked before each call; `undefined` lets it through. */
  fault: (method: Method, args: ReadonlyArray<unknown>) => StorageFault | undefined
  /** The driver below, without faults. */
  readonly driver: () => StorageDriver
  /** How often a method was called, failed calls included. */
  readonly calls: (method: Method) => number
}

/** A retryable error of a storage, for a fault; `indeterminate` leaves open whether it was written. */
export const storageError = (code: string, indeterminate = false): StorageError =>
  new StorageError({
    storage: "faulty",
    code,
    retryable: true,
    indeterminate,
    message: `The storage fails on purpose (${code}).`,
  })

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise

/** Wraps a storage (default: a new one in memory) so that its calls fail as scripted. */
export const faultyStorage = (inner: Storage = memory()): FaultyStorage => {
  let driver: StorageDriver | undefined
  const counts = new Map<Method, number>()
  const storage: FaultyStorage = {
    name: inner.name,
    capabilities: inner.capabilities,
    fault: () => undefined,
    driver: () => {
      if (driver === undefined) throw new Error("the storage was never opened")
      return driver
    },
    calls: (method) => counts.get(method) ?? 0,
    open: async (options) => {
      const opened = await inner.open(options)
      if (options.mode === "own") driver = opened
      return new Proxy(opened, {
        get: (target, name: Method) => {
          const real = target[name]
          if (typeof real !== "function" || name === "close") return real
          const call = real.bind(target) as (...args: ReadonlyArray<unknown>) => unknown
          return (...args: ReadonlyArray<unknown>) => {
            counts.set(name, (counts.get(name) ?? 0) + 1)
            const fault = storage.fault(name, args)
            if (fault === undefined) return call(...args)
            if ("before" in fault) throw fault.before
            if ("nonsense" in fault) return fault.nonsense
            if ("wait" in fault) return fault.wait.then(() => call(...args))
            const answer = call(...args)
            if ("waitAfter" in fault) return fault.waitAfter.then(() => answer)
            if (isPromise(answer)) return answer.then(() => Promise.reject(fault.after))
            throw fault.after
          }
        },
      })
    },
  }
  return storage
}
