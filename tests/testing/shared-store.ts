import { type Fence, type Storage, type StorageDriver, StorageError } from "sendstate/sdk"
import { memory } from "sendstate/storage/memory"
import type { StoreSubject } from "sendstate/testing"
import type { Break } from "./broken-stores.ts"

const closedError = (): StorageError =>
  new StorageError({
    storage: "shared",
    code: "closed",
    retryable: false,
    indeterminate: false,
    message: "This process has closed the store.",
  })

/** Gives back what is held under these claims, as whoever claimed it does when it ends in order. */
const giveBack = async (driver: StorageDriver, claims: ReadonlyArray<Fence>): Promise<void> => {
  const rows = await driver.get(claims.map(({ id }) => id))
  await driver.release(
    rows.flatMap((row, index) => (row === undefined || row.token !== claims[index]?.token ? [] : [row])),
    0,
  )
}

/** One process's view of the store: its own claims, its own end. */
const processOf = (shared: StorageDriver, broken: Break): StorageDriver => {
  const claims: Array<Fence> = []
  let isClosed = false
  const keeping: StorageDriver = {
    ...shared,
    claimDue: async (request) => {
      const rows = await shared.claimDue(request)
      claims.push(...rows)
      return rows
    },
    close: async () => {
      if (!isClosed) await giveBack(shared, claims)
      isClosed = true
    },
  }
  return new Proxy(
    { ...keeping, ...broken(keeping) },
    {
      get: (driver, name: keyof StorageDriver) => {
        const method = driver[name] as ((...args: ReadonlyArray<unknown>) => unknown) | undefined
        if (typeof method !== "function" || name === "close") return method
        return async (...args: ReadonlyArray<unknown>) => {
          if (isClosed) throw closedError()
          return method(...args)
        }
      },
    },
  )
}

/** A store that several processes share, in memory; `broken` is what each of them does wrong. */
export const sharedSubject =
  (broken: Break = () => ({})) =>
  (): StoreSubject => {
    const inner = memory()
    const owner = inner.open({ mode: "own", now: () => 0 })
    const storage: Storage = {
      name: "shared",
      capabilities: { ...inner.capabilities, processes: "many", sync: false },
      open: async ({ mode }) => (mode === "own" ? processOf(owner, broken) : inner.open({ mode, now: () => 0 })),
    }
    return {
      storage,
      open: async (mode = "own") => storage.open({ mode, now: () => 0 }),
      dispose: () => owner.close(),
    }
  }
