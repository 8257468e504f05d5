// Real time: how often other processes' changes are looked for; simulations have no old interface.
import { clearInterval, setInterval } from "node:timers"
import type { Runtime } from "sendstate"
import type { ExecutionEvent, ExecutionRow, MaybePromise } from "sendstate/sdk"
import type { Access } from "./access.ts"
import { Recorder } from "./communications.ts"
import type { Engine } from "./engine.ts"
import { chain } from "./maybe-promise.ts"
import { correctRetry } from "./retry-correction.ts"

const positionKey = "compat/feed"

const pageSize = 500

/** How often a store that other processes write too is looked at, milliseconds. */
const pollMs = 1_000

interface Change {
  readonly row: ExecutionRow
  readonly events: ReadonlyArray<ExecutionEvent>
}

const saysSent = (event: ExecutionEvent): boolean =>
  event.type === "ACCEPTED" ||
  (event.type === "RESOLVE" && event.verdict === "sent") ||
  (event.type === "LATE_RECEIPT" && event.outcome.type === "accepted")

/**
 * Follows the change log: records sent mails and applies a changed retry policy. Its position is stored, so that a killed
 * process misses nothing; what it does is repeated at most for the changes of its last page.
 */
export class Feed {
  readonly #core: Engine
  readonly #runtime: Runtime
  readonly #access: Access
  readonly #recorder: Recorder
  readonly #end = new AbortController()
  #since = 0
  #tail: Promise<void> = Promise.resolve()
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(core: Engine, runtime: Runtime, access: Access) {
    this.#core = core
    this.#runtime = runtime
    this.#access = access
    this.#recorder = new Recorder(core, access)
  }

  /** Goes on where it was; at the very first time begins with what comes now. */
  open(): MaybePromise<void> {
    return chain(this.#access.setting(positionKey), (setting) => {
      if (setting !== undefined) {
        this.#since = Number(setting.since)
        return
      }
      return chain(this.#access.endOfChanges(), (end) => {
        this.#since = end
        return this.#keepPosition()
      })
    })
  }

  #keepPosition(): MaybePromise<void> {
    return this.#access.putSettings([{ key: positionKey, value: { since: this.#since } }])
  }

  listen(isShared: boolean): void {
    const events = this.#runtime.events({ signal: this.#end.signal })
    void this.#core.attempt("Following the store", async () => {
      await this.settle()
      for await (const _event of events) await this.settle()
    })
    if (isShared) {
      this.#timer = setInterval(() => void this.settle(), pollMs)
      this.#timer.unref()
    }
  }

  /** Answers when everything that is durable by now was taken in. */
  settle(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#core.attempt("Following the store", () => this.#step()))
    return this.#tail
  }

  async #step(): Promise<void> {
    if (this.#end.signal.aborted) return
    await this.#core.ledger.catchUp(this.#access)
    while (true) {
      const { entries, next } = await this.#access.changes(this.#since, pageSize)
      if (entries.length === 0) return
      const events = new Map<string, Array<ExecutionEvent>>()
      for (const entry of entries)
        events.set(entry.executionId, [...(events.get(entry.executionId) ?? []), ...entry.events])
      const rows = await this.#access.find([...events.keys()])
      let didWork = false
      for (const row of rows)
        if (row !== undefined) didWork = (await this.#take({ row, events: events.get(row.id) ?? [] })) || didWork
      this.#since = next
      if (didWork) await this.#keepPosition()
    }
  }

  async #take({ row, events }: Change): Promise<boolean> {
    const sent = events.findLast(saysSent)
    if (sent !== undefined && row.state === "done" && row.context.outcome === "sent") {
      await this.#recorder.record(row, sent.at)
      return true
    }
    return correctRetry(this.#core, this.#access, row, events)
  }

  async close(): Promise<void> {
    if (this.#timer !== undefined) clearInterval(this.#timer)
    await this.#tail
    this.#end.abort()
  }
}
