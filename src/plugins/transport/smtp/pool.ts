// Real time: sockets live in it; a simulated world has a transport of its own.
import { clearTimeout, setTimeout } from "node:timers"
import type { Cancellation } from "./cancellation.ts"
import type { Connection } from "./connection.ts"
import { SmtpFailure } from "./failure.ts"

/** How a pool behaves. */
export interface PoolOptions {
  readonly open: (cancellation: Cancellation) => Promise<Connection>
  /** Connections at most. */
  readonly size: number
  /** An unused connection is closed with QUIT after this many milliseconds. */
  readonly idleMs: number
  /** How long QUIT may take, in milliseconds. */
  readonly quitMs: number
}

interface Waiter {
  readonly grant: () => void
}

/** At most `size` connections, opened when needed, used again while they are good, the freshest first. */
export class Pool {
  readonly #options: PoolOptions
  readonly #idle: Array<Connection> = []
  readonly #idleTimers = new Map<Connection, NodeJS.Timeout>()
  readonly #busy = new Set<Connection>()
  readonly #waiting = new Set<Waiter>()
  /** Slots taken: busy connections and those being opened. Idle ones hold none. */
  #taken = 0
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /**
   * A connection for one mail; `fresh` asks for one that was never used.
   *
   * @throws SmtpFailure when none can be opened, or patience ends first.
   */
  async acquire(cancellation: Cancellation, fresh: boolean): Promise<Connection> {
    await this.#slot(cancellation)
    const parked = fresh ? undefined : this.#unpark()
    if (parked !== undefined) return this.#lend(parked)
    try {
      this.#makeRoom()
      return this.#lend(await this.#options.open(cancellation))
    } catch (error) {
      this.#giveSlot()
      throw error
    }
  }

  /** Gives a connection back, good or broken. */
  release(connection: Connection): void {
    this.#busy.delete(connection)
    if (this.#closed) connection.destroy()
    else if (connection.usable) this.#park(connection)
    else void connection.quit(this.#options.quitMs)
    this.#giveSlot()
  }

  /** Says QUIT where nothing is under way and closes the rest; later calls of `acquire` fail. */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#waiting) waiter.grant()
    for (const connection of this.#busy) connection.destroy()
    const quits: Array<Promise<void>> = []
    for (let parked = this.#unpark(); parked !== undefined; parked = this.#unpark())
      quits.push(parked.quit(this.#options.quitMs))
    await Promise.all(quits)
  }

  #lend(connection: Connection): Connection {
    this.#busy.add(connection)
    if (!this.#closed) return connection
    connection.destroy()
    this.#busy.delete(connection)
    throw new SmtpFailure("connect", closed)
  }

  async #slot(cancellation: Cancellation): Promise<void> {
    if (this.#taken >= this.#options.size && !this.#closed)
      await new Promise<void>((resolve) => {
        const waiter: Waiter = {
          grant: () => {
            this.#waiting.delete(waiter)
            release()
            // Taken here, so that nobody slips in before the waiter runs.
            this.#taken += 1
            resolve()
          },
        }
        this.#waiting.add(waiter)
        let release = (): void => {}
        release = cancellation.onFire(() => waiter.grant())
      })
    else this.#taken += 1
    const reason = this.#closed ? closed : cancellation.reason
    if (reason === undefined) return
    this.#giveSlot()
    throw new SmtpFailure("connect", reason)
  }

  #giveSlot(): void {
    this.#taken -= 1
    if (this.#taken >= this.#options.size) return
    const [next] = this.#waiting
    next?.grant()
  }

  /** Idle connections beside the slots taken may not exceed the size either. */
  #makeRoom(): void {
    if (this.#taken + this.#idle.length <= this.#options.size) return
    const parked = this.#unpark()
    if (parked !== undefined) void parked.quit(this.#options.quitMs)
  }

  #park(connection: Connection): void {
    const expire = (): void => {
      if (this.#forget(connection)) void connection.quit(this.#options.quitMs)
    }
    this.#idle.push(connection)
    this.#idleTimers.set(connection, setTimeout(expire, this.#options.idleMs).unref())
    connection.park(() => this.#forget(connection))
  }

  #unpark(): Connection | undefined {
    for (let parked = this.#idle.at(-1); parked !== undefined; parked = this.#idle.at(-1)) {
      this.#forget(parked)
      parked.unpark()
      if (parked.usable) return parked
      parked.destroy()
    }
    return undefined
  }

  #forget(connection: Connection): boolean {
    const index = this.#idle.indexOf(connection)
    if (index < 0) return false
    this.#idle.splice(index, 1)
    clearTimeout(this.#idleTimers.get(connection))
    this.#idleTimers.delete(connection)
    return true
  }
}

const closed = { word: "aborted", detail: "the transport is closed" } as const
