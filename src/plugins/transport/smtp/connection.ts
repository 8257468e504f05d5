import type { Cancellation } from "./cancellation.ts"
import { checkExtensions } from "./envelope.ts"
import { SmtpFailure } from "./failure.ts"
import { openSession, type Session } from "./handshake.ts"
import type { Reply } from "./reply.ts"
import type { Secrets } from "./secrets.ts"
import type { SmtpSettings } from "./settings.ts"
import { type Delivery, deliver } from "./transaction.ts"

/** An authenticated connection that delivers one mail after the other. */
export class Connection {
  readonly #session: Session
  readonly #settings: SmtpSettings
  #delivered = 0
  #needsReset = false
  #usable = true

  private constructor(session: Session, settings: SmtpSettings) {
    this.#session = session
    this.#settings = settings
  }

  /** @throws SmtpFailure */
  static async open(settings: SmtpSettings, secrets: Secrets, cancellation: Cancellation): Promise<Connection> {
    return new Connection(await openSession(settings, secrets, cancellation), settings)
  }

  /** Whether another mail may go over it. */
  get usable(): boolean {
    return (
      this.#usable &&
      this.#session.channel.breakage === undefined &&
      this.#delivered < this.#settings.maxMessagesPerConnection
    )
  }

  /** Whether an earlier mail went over it: then it may have died of old age. */
  get reused(): boolean {
    return this.#delivered > 0
  }

  /**
   * Delivers one mail.
   *
   * @throws SmtpFailure
   */
  async deliver(delivery: Delivery, cancellation: Cancellation): Promise<Reply> {
    const { channel, extensions } = this.#session
    checkExtensions(delivery.envelope, delivery.message.length, extensions)
    const release = cancellation.onFire((reason) => channel.destroy(reason))
    const reset = this.#needsReset
    // Until it is known how the transaction ended, RSET is needed before the next one.
    this.#needsReset = true
    let completed = false
    try {
      const reply = await deliver(channel, extensions, this.#settings, delivery, reset)
      this.#needsReset = false
      completed = true
      return reply
    } catch (error) {
      completed = error instanceof SmtpFailure && !("word" in error.problem) && orderly(error.problem)
      throw error
    } finally {
      release()
      this.#delivered += 1
      if (!completed) {
        this.#usable = false
        channel.destroy({ word: "connection-closed", detail: "the dialogue did not end in order" })
      }
    }
  }

  /** Idle connections do not keep the process alive; `onLost` is told when one breaks. */
  park(onLost: () => void): void {
    this.#session.channel.keepAlive(false)
    this.#session.channel.onBreak(onLost)
  }

  /** Takes it back into use. */
  unpark(): void {
    this.#session.channel.keepAlive(true)
  }

  /** Says QUIT, waits at most `waitMs` for the answer, and closes the socket either way. */
  async quit(waitMs: number): Promise<void> {
    const { channel } = this.#session
    this.#usable = false
    if (channel.breakage === undefined) await channel.exchange("QUIT\r\n", 1, waitMs)
    channel.destroy({ word: "connection-closed", detail: "closed by us" })
  }

  /** Closes the socket at once. */
  destroy(): void {
    this.#usable = false
    this.#session.channel.destroy({ word: "aborted", detail: "the transport was closed" })
  }
}

/** Whether the server and we still agree on where we are after this refusal. */
const orderly = (reply: Reply): boolean => reply.code >= 400 && reply.code <= 599 && reply.code !== 421
