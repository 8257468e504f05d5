import { StorageError } from "../../errors.ts"
import type { DocumentWrite, DocumentWriteResult } from "../document.ts"
import type { MaybePromise, StorageDriver } from "../driver.ts"
import { isEnded, released } from "../rules.ts"
import { claimMethods } from "./claims.ts"
import { commitMethods } from "./commits.ts"
import { Engine } from "./engine.ts"
import { readMethods } from "./reads.ts"
import type { Records } from "./records.ts"
import { upkeepMethods } from "./upkeep.ts"

/** How {@link oneProcessDriver} is set up. */
export interface OneProcessOptions {
  /** The plugin's name, for errors. */
  readonly storage: string
  readonly records: Records
  readonly mode: "own" | "observe"
  /** Whether an observer may write documents of the kind `control`. */
  readonly control: boolean
  /** Whether claims are noted in the store, so that one that kills its process is counted. */
  readonly claimNotes: boolean
  readonly maxExecutions?: number | undefined
  readonly wakeups?: ((listener: () => void) => () => void) | undefined
}

/** After an end that was not orderly: claims that saw no progress count, so that a poison execution cannot loop. */
const countLostClaims = (engine: Engine): MaybePromise<void> =>
  engine.write(true, (work) => {
    const notes = engine.records.claimNotes()
    for (const note of notes) {
      const stored = engine.records.execution(note.id)
      if (stored === undefined || isEnded(stored.row) || stored.row.version !== note.version) continue
      engine.replace(work, stored, {
        restDueAt: stored.restDueAt,
        row: { ...stored.row, version: stored.row.version + 1, claims: stored.row.claims + 1 },
      })
    }
    if (notes.length > 0) engine.records.clearClaimNotes()
  })

const writeDocuments = (
  engine: Engine,
  writes: ReadonlyArray<DocumentWrite>,
): MaybePromise<ReadonlyArray<DocumentWriteResult>> =>
  engine.write(true, (work) =>
    writes.map((write) => {
      const result = engine.records.writeDocument(write)
      if (write.kind === "campaign") engine.forgetCampaignState(write.key, work.onUndo)
      return result
    }),
  )

const onlyRead = (storage: string, method: string) => (): never => {
  throw new StorageError({
    storage,
    code: "observer",
    retryable: false,
    indeterminate: false,
    message: `${method} is refused: the ${storage} storage was opened to observe. Ask the process that owns it, or open it with mode "own" when none does`,
  })
}

const close = (engine: Engine): MaybePromise<void> => {
  if (engine.isShut) return
  const finish = () => {
    engine.shut()
    return engine.records.close()
  }
  // A full disk must not keep the store locked: what cannot be given back is found as after a crash.
  const fail = (error: unknown): MaybePromise<never> => {
    const closed = finish()
    if (closed instanceof Promise) return closed.then(() => Promise.reject(error))
    throw error
  }
  let given: MaybePromise<void>
  try {
    given = engine.write(true, (work) => {
      for (const held of [...engine.leases.values()]) {
        const entry = released(held, held.row)
        if (entry !== undefined) engine.replace(work, held, entry)
      }
      engine.records.clearClaimNotes()
    })
  } catch (error) {
    return fail(error)
  }
  return given instanceof Promise ? given.then(finish, fail) : finish()
}

const observerOf = (engine: Engine, options: OneProcessOptions): StorageDriver => {
  const refuse = (method: string) => onlyRead(options.storage, method)
  const { verify } = upkeepMethods(engine)
  const { nextDueAt } = claimMethods(engine, options)
  return {
    ...readMethods(engine),
    ...(options.wakeups === undefined ? {} : { wakeups: options.wakeups }),
    nextDueAt: (campaigns) => {
      engine.refresh()
      return nextDueAt(campaigns)
    },
    verify,
    enroll: refuse("enroll"),
    claimDue: refuse("claimDue"),
    renew: refuse("renew"),
    release: refuse("release"),
    commit: refuse("commit"),
    signal: refuse("signal"),
    writeDocuments: (writes) =>
      options.control && writes.every(({ kind }) => kind === "control")
        ? writeDocuments(engine, writes)
        : refuse("writeDocuments")(),
    erase: refuse("erase"),
    prune: refuse("prune"),
    close: () => {
      if (engine.isShut) return
      engine.shut()
      return engine.records.close()
    },
  }
}

const ownerOf = (engine: Engine, options: OneProcessOptions): StorageDriver => ({
  ...claimMethods(engine, options),
  ...commitMethods(engine, options),
  ...readMethods(engine),
  ...upkeepMethods(engine),
  ...(options.wakeups === undefined ? {} : { wakeups: options.wakeups }),
  writeDocuments: (writes) => writeDocuments(engine, writes),
  close: () => close(engine),
})

/**
 * The whole row protocol for a store that only one process may write: leases in memory, everything else in
 * {@link Records}. Answers at once where the records do, with a Promise otherwise.
 */
export const oneProcessDriver = (options: OneProcessOptions): MaybePromise<StorageDriver> => {
  const engine = new Engine(options.storage, options.records)
  if (options.mode === "observe") return observerOf(engine, options)
  const counted = countLostClaims(engine)
  return counted instanceof Promise ? counted.then(() => ownerOf(engine, options)) : ownerOf(engine, options)
}
