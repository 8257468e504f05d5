import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Scope } from "effect/Scope"
import type { CircuitContext, CircuitRest } from "../machines/index.ts"
import type { Document, Json, StorageError } from "../sdk/index.ts"
import { eachPageOfDocuments } from "./pages.ts"
import { Problems } from "./problems.ts"
import { Store } from "./store.ts"
import { Synchronous } from "./synchronous.ts"

/** How often a shared store is asked what others found out about the host, milliseconds. */
const pollMs = 1_000

/** A circuit as it is kept for restarts and for other processes. */
export interface StoredCircuit {
  /** As it was stored when the process started. */
  readonly initial: CircuitRest | undefined
  /** Keeps what it is now; soon, not at once. */
  readonly save: (rest: CircuitRest) => void
}

/** A stored circuit: its state and what its machine remembers. */
const circuitOf = ({ value }: Document): CircuitRest => ({
  state: value.state as CircuitRest["state"],
  context: value.context as unknown as CircuitContext,
})

/** A transport that waits for its host. */
export interface OpenCircuit {
  readonly transport: string
  /** When the host is probed next, epoch ms; `null` when nobody can say. */
  readonly until: number | null
  /** What the host said, without addresses. */
  readonly cause: string | null
}

/** The circuits that are not closed, as they are stored; by the transport's name. */
export const storedOpenCircuits = ({
  store,
}: {
  readonly store: Store["Service"]
}): Effect.Effect<ReadonlyArray<OpenCircuit>, StorageError> =>
  Effect.gen(function* () {
    const open: OpenCircuit[] = []
    yield* eachPageOfDocuments({ store }, "circuit", (page) =>
      Effect.sync(() => {
        for (const document of page) {
          const { state, context } = circuitOf(document)
          if (state !== "closed") open.push({ transport: document.key, until: context.probeAt, cause: context.cause })
        }
      }),
    )
    return open
  })

/**
 * The circuit of a transport, by its name. Last writer wins: each write is a process's latest experience with the host.
 *
 * @param onOthers Called with what another process of a shared store has found out.
 */
export const makeStoredCircuit = (
  transport: string,
  onOthers: (rest: CircuitRest) => void,
): Effect.Effect<StoredCircuit, never, Store | Problems | Scope> =>
  Effect.gen(function* () {
    const store = yield* Store
    const problems = yield* Problems
    const work = Latch.makeUnsafe(false)
    let latest: CircuitRest | undefined
    // Of the document, as far as this process knows it.
    let version = 0

    const tolerantly = <A>(effect: Effect.Effect<A, StorageError>): Effect.Effect<A | undefined> =>
      Effect.catch(effect, (error) =>
        Effect.sync(() => {
          problems.report(`circuit ${transport}: ${error.message}`)
          return undefined
        }),
      )

    const read = Effect.map(
      store.use((driver) => driver.documents("circuit", [transport])),
      ([document]) => document,
    )

    const write = Effect.gen(function* () {
      work.closeUnsafe()
      const rest = latest
      if (rest === undefined) return
      const value = { state: rest.state, context: rest.context as unknown as Json }
      const [result] = yield* store.use((driver) => driver.writeDocuments([{ kind: "circuit", key: transport, value }]))
      version = result?.version ?? version
    })

    const follow = Effect.gen(function* () {
      yield* Effect.sleep(pollMs)
      const document = yield* read
      if (document === undefined || document.version <= version) return
      version = document.version
      onOthers(circuitOf(document))
    })

    const found = yield* tolerantly(read)
    version = found?.version ?? 0
    const background = (turn: Effect.Effect<void, StorageError>) =>
      Effect.forkScoped(Effect.provideService(Effect.forever(tolerantly(turn)), Synchronous, false))
    // What is not written when the scope closes is what a restart wants to know most.
    yield* Effect.addFinalizer(() => (work.isOpen() ? tolerantly(write) : Effect.void))
    yield* background(Effect.andThen(work.await, write))
    if (store.storage.capabilities.processes === "many") yield* background(follow)

    return {
      initial: found === undefined ? undefined : circuitOf(found),
      save: (rest) => {
        latest = rest
        work.openUnsafe()
      },
    }
  })
