import type { Socket } from "node:net"
// Real time: sockets live in it; a simulated world has a transport of its own.
import { clearTimeout, setTimeout } from "node:timers"
import { type Breakage, breakageOf } from "./failure.ts"
import type { Reply } from "./reply.ts"
import { ReplyParser } from "./reply-parser.ts"

/** What a batch of commands was answered with: one reply each, or fewer and why there are no more. */
export interface Exchanged {
  readonly replies: ReadonlyArray<Reply>
  readonly breakage?: Breakage
  /** A reply that came though nothing was asked, such as a `421` in the middle of the body. */
  readonly unasked?: Reply
}

interface Pending {
  readonly replies: Array<Reply>
  readonly wanted: number
  readonly timeoutMs: number
  readonly done: (result: Exchanged) => void
}

/**
 * One socket as a dialogue: commands out, replies in, in order.
 *
 * After the first breakage (closed, timed out, garbage, a reply that nobody asked for) the channel stays broken: a
 * later reply could answer another command. It never throws; it says how far it came.
 */
export class Channel {
  readonly #socket: Socket
  readonly #parser = new ReplyParser()
  #pending: Pending | undefined
  #flushing: ((breakage: Breakage) => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #breakage: Breakage | undefined
  #unasked: Reply | undefined
  #onBreak: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on("data", this.#onData)
    socket.on("end", this.#onEnd)
    socket.on("close", this.#onEnd)
    socket.on("error", this.#onError)
  }

  /** Why nothing more can be said here; undefined while all is well. */
  get breakage(): Breakage | undefined {
    if (this.#breakage === undefined && (this.#socket.destroyed || !this.#socket.writable)) this.#onEnd()
    return this.#breakage
  }

  /** The reply that came unasked and broke the channel, if that is why. */
  get unasked(): Reply | undefined {
    return this.#unasked
  }

  /** Calls `listener` when the channel breaks; replaces an earlier one. */
  onBreak(listener: () => void): void {
    this.#onBreak = listener
  }

  /** Writes `data` and waits for `wanted` replies; `timeoutMs` counts for each reply. */
  exchange(data: string | Buffer, wanted: number, timeoutMs: number): Promise<Exchanged> {
    const breakage = this.breakage
    if (breakage !== undefined) return Promise.resolve(this.#result([], breakage))
    return new Promise((done) => {
      this.#pending = { replies: [], wanted, timeoutMs, done }
      this.#startTimer(timeoutMs)
      if (data.length > 0) this.#socket.write(data)
    })
  }

  /** Hands `data` to the operating system completely; answers with a breakage when that did not work. */
  flush(data: Buffer, timeoutMs: number): Promise<Breakage | undefined> {
    const breakage = this.breakage
    if (breakage !== undefined) return Promise.resolve(breakage)
    return new Promise((resolve) => {
      this.#flushing = resolve
      this.#startTimer(timeoutMs)
      this.#socket.write(data, (error) => {
        this.#flushing = undefined
        this.#stopTimer()
        // The `error` event comes with it and breaks the channel.
        resolve(error ? (this.#breakage ?? breakageOf(error)) : this.#breakage)
      })
    })
  }

  /** Breaks the channel from our side and closes the socket at once. */
  destroy(breakage: Breakage): void {
    this.#break(breakage)
  }

  /** Gives the socket away for TLS. False when bytes are left over: they were sent in clear by who knows whom. */
  detach(): boolean {
    this.#socket.off("data", this.#onData)
    this.#socket.off("end", this.#onEnd)
    this.#socket.off("close", this.#onEnd)
    this.#socket.off("error", this.#onError)
    return !this.#parser.partial && this.breakage === undefined && this.#socket.readableLength === 0
  }

  /** While idle the socket does not keep the process alive. */
  keepAlive(alive: boolean): void {
    if (alive) this.#socket.ref()
    else this.#socket.unref()
  }

  readonly #onData = (chunk: Buffer): void => {
    for (const parsed of this.#parser.push(chunk)) {
      if (parsed.type === "garbage") {
        this.#break({ word: "garbage", detail: parsed.detail })
        return
      }
      const pending = this.#pending
      if (pending === undefined) {
        this.#unasked ??= parsed.reply
        this.#break({ word: "connection-closed", detail: `the server said unasked: ${parsed.reply.text}` })
        return
      }
      pending.replies.push(parsed.reply)
      if (pending.replies.length === pending.wanted) this.#settle(this.#result(pending.replies))
      else this.#startTimer(pending.timeoutMs)
    }
  }

  readonly #onEnd = (): void => {
    this.#break(
      this.#parser.partial
        ? { word: "partial-reply", detail: "the server closed the connection in the middle of a reply" }
        : { word: "connection-closed", detail: "the server closed the connection" },
    )
  }

  readonly #onError = (error: Error): void => this.#break(breakageOf(error))

  #break(breakage: Breakage): void {
    if (this.#breakage !== undefined) return
    this.#breakage = breakage
    this.#socket.destroy()
    this.#stopTimer()
    this.#flushing?.(breakage)
    this.#flushing = undefined
    if (this.#pending !== undefined) this.#settle(this.#result(this.#pending.replies, breakage))
    this.#onBreak?.()
  }

  #result(replies: ReadonlyArray<Reply>, breakage?: Breakage): Exchanged {
    const unasked = this.#unasked
    return {
      replies,
      ...(breakage === undefined ? {} : { breakage }),
      ...(unasked === undefined ? {} : { unasked }),
    }
  }

  #settle(result: Exchanged): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#stopTimer()
    pending?.done(result)
  }

  #startTimer(timeoutMs: number): void {
    this.#stopTimer()
    this.#timer = setTimeout(
      () => this.#break({ word: "timeout", detail: `the server was silent for ${timeoutMs} ms` }),
      timeoutMs,
    )
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
