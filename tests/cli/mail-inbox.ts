import { once } from "node:events"
import { type ParsedMail, simpleParser } from "mailparser"
import { SMTPServer } from "smtp-server"

/** A mail as the server took it. */
export interface ReceivedMail {
  readonly to: string
  readonly raw: Buffer
}

/** What the server answers to a mail: a reply code with text, nothing for yes, `"hang up"` for no answer at all. */
export type Answer = { readonly code: number; readonly text: string } | "hang up" | undefined

/** How the inbox behaves; all of it may change while it runs. */
export interface InboxBehaviour {
  /** Said to RCPT TO. */
  recipient?: (address: string) => Answer
  /** Said after the final dot. */
  mail?: (address: string) => Answer
  /** Asked for each login; default: nobody has to log in. */
  login?: (user: string, password: string) => boolean
  /** Milliseconds before the answer to each mail. */
  delayMs?: number
}

const errorOf = (answer: Exclude<Answer, undefined | "hang up">): Error =>
  Object.assign(new Error(answer.text), { responseCode: answer.code })

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A mail server on a port of its own that keeps what it takes. */
export class MailInbox implements AsyncDisposable {
  readonly received: ReceivedMail[] = []
  readonly behaviour: InboxBehaviour
  connections = 0
  #arrived = 0
  #waiting: Array<() => void> = []
  readonly #server: SMTPServer

  private constructor(behaviour: InboxBehaviour) {
    this.behaviour = behaviour
    this.#server = new SMTPServer({
      authOptional: behaviour.login === undefined,
      allowInsecureAuth: true,
      disabledCommands: behaviour.login === undefined ? ["STARTTLS", "AUTH"] : ["STARTTLS"],
      logger: false,
      onConnect: (_session, callback) => {
        this.connections += 1
        callback()
      },
      onAuth: (auth, _session, callback) => {
        const knows = this.behaviour.login?.(auth.username ?? "", auth.password ?? "") ?? true
        if (knows) callback(null, { user: auth.username })
        else callback(errorOf({ code: 535, text: "5.7.8 authentication failed" }))
      },
      onRcptTo: ({ address }, _session, callback) => {
        const answer = this.behaviour.recipient?.(address)
        if (answer === undefined || answer === "hang up") callback()
        else callback(errorOf(answer))
      },
      onData: (stream, session, callback) => {
        const pieces: Buffer[] = []
        stream.on("data", (piece: Buffer) => pieces.push(piece))
        stream.on("end", async () => {
          const to = session.envelope.rcptTo[0]?.address ?? ""
          this.#arrived += 1
          this.#wake()
          await sleep(this.behaviour.delayMs ?? 0)
          const answer = this.behaviour.mail?.(to)
          // Taken, and nobody is told: what the sender calls in doubt.
          if (answer === undefined || answer === "hang up") this.received.push({ to, raw: Buffer.concat(pieces) })
          this.#wake()
          if (answer === "hang up") this.#hangUp()
          else if (answer === undefined) callback(null, "taken")
          else callback(errorOf(answer))
        })
      },
    })
    this.#server.on("error", () => undefined)
  }

  static async start(behaviour: InboxBehaviour = {}): Promise<MailInbox> {
    const inbox = new MailInbox(behaviour)
    await once(inbox.#server.listen(0, "127.0.0.1"), "listening")
    return inbox
  }

  /** `smtp://127.0.0.1:port`, with user and password if given. */
  url(login?: { readonly user: string; readonly password: string }): string {
    const address = this.#server.server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return `smtp://${login === undefined ? "" : `${login.user}:${login.password}@`}127.0.0.1:${port}`
  }

  /** Answers once so many mails were taken. */
  async has(count: number): Promise<void> {
    while (this.received.length < count) await this.#news()
  }

  /** Answers once so many mails have arrived whole, answered or not. */
  async asked(count: number): Promise<void> {
    while (this.#arrived < count) await this.#news()
  }

  /** How many copies each address got. */
  copies(): ReadonlyMap<string, number> {
    const copies = new Map<string, number>()
    for (const { to } of this.received) copies.set(to, (copies.get(to) ?? 0) + 1)
    return copies
  }

  parsed(index: number): Promise<ParsedMail> {
    return simpleParser(this.received[index]?.raw ?? Buffer.alloc(0))
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #hangUp(): void {
    for (const connection of this.#server.connections as Set<{ readonly _socket: { destroy: () => void } }>)
      connection._socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#hangUp()
    await closed
  }
}
