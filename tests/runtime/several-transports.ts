import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { TransportRoute } from "sendstate"
import { Sendstate } from "sendstate/effect"
import { replayExecution } from "sendstate/machines"
import type { CampaignInput, ExecutionRow, SendOutcome, Storage, StorageDriver } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { type MemoryTransportOptions, memory as memoryTransport } from "sendstate/transport/memory"
import { expect } from "vitest"
import { advanceUntil } from "./virtual-time.ts"
import { campaign, crowd, renderer } from "./world.ts"

/** A call of a transport: whose, for which execution, and what it said. */
interface Call {
  readonly via: string
  readonly key: string
  readonly said: SendOutcome["type"] | "nothing"
}

/** `undefined`: it never answers. */
type Says = (call: Omit<Call, "said">) => SendOutcome | undefined

/** Transports of these names that say what they are told to say, and everything that was asked of them. */
export const network = (says: Says) => {
  const calls: Call[] = []
  const route = (name: string, changes: Omit<TransportRoute, "transport"> & MemoryTransportOptions = {}) => {
    const { weight, senders, ...options } = changes
    return {
      name,
      ...(weight === undefined ? {} : { weight }),
      ...(senders === undefined ? {} : { senders }),
      transport: memoryTransport({
        maxConcurrency: 8,
        ...options,
        outcome: (_, { idempotencyKey: key }) => {
          const outcome = says({ via: name, key })
          calls.push({ via: name, key, said: outcome?.type ?? "nothing" })
          return outcome ?? new Promise<never>(() => {})
        },
      }),
    } satisfies TransportRoute
  }
  const of = (via: string) => calls.filter((call) => call.via === via).length
  return { calls, route, of }
}

/** One store that several runtimes open one after the other; `rows` looks into it. */
export const keptStore = () => {
  const real = memoryStorage()
  let driver: StorageDriver | undefined
  const lives: Array<() => void> = []
  const storage: Storage = {
    ...real,
    open: async (options) => {
      driver ??= await real.open(options)
      const opened = driver
      // A life of its own: after a kill nothing of it reaches the store, the next life's calls do.
      let isMine = true
      lives.push(() => {
        isMine = false
      })
      return new Proxy(opened, {
        get: (target, name: keyof StorageDriver) => {
          const call = target[name]
          if (name === "close") return () => {}
          if (typeof call !== "function") return call
          return (...args: ReadonlyArray<never>) => (isMine ? Reflect.apply(call, target, args) : new Promise(() => {}))
        },
      })
    },
  }
  return {
    storage,
    kill: () => lives.at(-1)?.(),
    rows: async (): Promise<ReadonlyArray<ExecutionRow>> => (await driver?.list({ limit: 1_000 })) ?? [],
    history: async (id: string) => ((await driver?.history(id)) ?? []).flatMap(({ events }) => events),
  }
}

type Store = ReturnType<typeof keptStore>

export const live = (store: Pick<Store, "storage">, transports: ReadonlyArray<TransportRoute>) =>
  Effect.map(
    Layer.build(Layer.fresh(Sendstate.layer({ storage: store.storage, transports, renderer: renderer() }))),
    (services) => Context.get(services, Sendstate),
  )

/** A life of its own that ends as the process ends: at once, and nothing that it does afterwards counts. */
export const lifeUntilKilled = <A, E>(store: Store, life: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const value = yield* Scope.provide(life, scope)
    store.kill()
    yield* Effect.forkDetach(Scope.close(scope, Exit.void))
    return value
  })

export const sent = (
  { create }: Sendstate["Service"],
  definition: Partial<CampaignInput>,
  size: number,
  prefix = "",
): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const one = yield* create(campaign(definition))
    yield* one.enroll(crowd(size).map(({ email }) => ({ email: `${prefix}${email}` })))
    yield* one.close
    yield* advanceUntil(
      Effect.map(one.state, (state) => state === "completed"),
      { stepMs: 20, steps: 3_000 },
    )
  })

export const expectReplayable = (store: Store) =>
  Effect.promise(async () => {
    for (const row of await store.rows()) {
      const { retry, timeScale } = row.context
      const replayed = replayExecution({ id: row.id, retry, timeScale }, await store.history(row.id))
      expect([replayed.state, replayed.context]).toEqual([row.state, row.context])
    }
  })
