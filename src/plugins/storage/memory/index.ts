import { StorageError, StorageOwned } from "../../../sdk/errors.ts"
import type { MaybePromise, StorageDriver } from "../../../sdk/storage/driver.ts"
import { oneProcessDriver } from "../../../sdk/storage/one-process/driver.ts"
import { MemoryRecords } from "../../../sdk/storage/one-process/memory-records.ts"
import type { OpenOptions, Storage } from "../../../sdk/storage/storage.ts"

/** What {@link memory} gives: a storage that can also be killed. */
export interface MemoryStorage extends Storage {
  readonly open: (options: OpenOptions) => StorageDriver
  /**
   * Does what a killed process does to a store that survives it: the open driver throws from now on, its leases are
   * gone, what was acknowledged stays, and the storage can be opened again. For tests and simulation.
   */
  readonly kill: () => void
}

/**
 * A storage that lives as long as the object that this function returns: for tests, simulation and trying things out.
 * Opening it again finds what was stored before. About 2 KB per execution.
 */
export const memory = (): MemoryStorage => {
  const records = new MemoryRecords({ storage: "memory" })
  const listeners = new Set<() => void>()
  let owner: { killed: boolean } | undefined

  const guarded = (driver: StorageDriver, life: { killed: boolean }): StorageDriver =>
    new Proxy(driver, {
      get: (target, name, receiver) => {
        if (life.killed && name !== "close")
          throw new StorageError({
            storage: "memory",
            code: "closed",
            retryable: false,
            indeterminate: false,
            message: "The memory storage was killed; open it again",
          })
        return Reflect.get(target, name, receiver)
      },
    })

  const wakeups = (listener: () => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  const sync = <A>(value: MaybePromise<A>): A => value as A

  const own = (): StorageDriver => {
    if (owner !== undefined)
      throw new StorageOwned({
        storage: "memory",
        ownerPid: process.pid,
        code: "owned",
        retryable: true,
        message: "This memory storage is open already; close it first",
      })
    const life = { killed: false }
    owner = life
    const driver = sync(
      oneProcessDriver({ storage: "memory", records, mode: "own", control: true, claimNotes: true, wakeups }),
    )
    const close = () => {
      if (life.killed) return
      if (owner === life) owner = undefined
      return driver.close()
    }
    return guarded({ ...driver, close }, life)
  }

  const observe = (): StorageDriver => {
    const driver = sync(
      oneProcessDriver({ storage: "memory", records, mode: "observe", control: true, claimNotes: false, wakeups }),
    )
    return {
      ...driver,
      writeDocuments: (writes) => {
        const results = driver.writeDocuments(writes)
        for (const listener of listeners) listener()
        return results
      },
    }
  }

  return {
    name: "memory",
    capabilities: { processes: "one", durability: "memory", sync: true, control: true, notify: true },
    open: ({ mode }) => (mode === "own" ? own() : observe()),
    kill: () => {
      if (owner !== undefined) owner.killed = true
      owner = undefined
    },
  }
}
