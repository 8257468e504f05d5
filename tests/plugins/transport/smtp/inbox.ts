import { once } from "node:events"
import { type ParsedMail, simpleParser } from "mailparser"
import { SMTPServer, type SMTPServerOptions } from "smtp-server"

/** A mail as an ordinary mail server took it. */
export interface Received {
  readonly from: string
  readonly to: ReadonlyArray<string>
  readonly raw: Buffer
}

/** An ordinary mail server (smtp-server) that keeps what it takes. */
export class Inbox {
  readonly received: Array<Received> = []
  readonly #server: SMTPServer

  private constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      logger: false,
      onData: (stream, session, callback) => {
        const pieces: Array<Buffer> = []
        stream.on("data", (piece: Buffer) => pieces.push(piece))
        stream.on("end", () => {
          const { mailFrom, rcptTo } = session.envelope
          const from = mailFrom === false ? "" : mailFrom.address
          this.received.push({ from, to: rcptTo.map(({ address }) => address), raw: Buffer.concat(pieces) })
          callback(null, "taken")
        })
      },
      ...options,
    })
    this.#server.on("error", () => {})
  }

  static async start(options: SMTPServerOptions = {}): Promise<Inbox> {
    const inbox = new Inbox(options)
    const listening = inbox.#server.listen(0, "127.0.0.1")
    await once(listening, "listening")
    return inbox
  }

  get url(): string {
    const address = this.#server.server.address()
    return `smtp://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  }

  /** The mail with this ordinal, parsed. */
  parsed(index = 0): Promise<ParsedMail> {
    return simpleParser(this.received[index]?.raw ?? Buffer.alloc(0))
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
