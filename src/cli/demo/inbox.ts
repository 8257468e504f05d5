import { once } from "node:events"
import type { Socket } from "node:net"
import type { SMTPServer, SMTPServerDataStream, SMTPServerSession } from "smtp-server"
import { chance } from "./chance.ts"
import { type Fate, fateOf } from "./fate.ts"
import { Ledger } from "./ledger.ts"
import { type MailServerPackages, mailServerPackages } from "./mail-server-packages.ts"
import { faultsOf, messageIdIn, spelled } from "./received-mail.ts"

type Reply = (error?: Error | null, message?: string) => void

const refusal = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode })

const readAll = async (stream: SMTPServerDataStream): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Share of the mails that are opened: all of them would cost more than sending them. */
const openedShare = 1 / 8

/** A mail server on this machine that behaves as badly as real ones do, on purpose and each time in the same way. */
export class Inbox {
  readonly ledger = new Ledger()
  readonly #simpleParser: MailServerPackages["simpleParser"]
  readonly #server: SMTPServer
  readonly #sockets = new Map<number, Socket>()

  private constructor({ SMTPServer, simpleParser }: MailServerPackages) {
    this.#simpleParser = simpleParser
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS", "AUTH"],
      disableReverseLookup: true,
      closeTimeout: 200,
      logger: false,
      onRcptTo: ({ address }, _session, reply) => reply(this.#atRecipient(spelled(address))),
      onData: (stream, session, reply) => void this.#atData(stream, session, reply),
    })
    // Cut connections are this server's own doing.
    this.#server.on("error", () => {})
    this.#server.server.on("connection", (socket: Socket) => {
      const { remotePort = 0 } = socket
      this.#sockets.set(remotePort, socket)
      socket.on("close", () => this.#sockets.delete(remotePort))
    })
  }

  /** @throws MissingDependency */
  static async start(): Promise<Inbox> {
    const inbox = new Inbox(await mailServerPackages())
    await once(inbox.#server.listen(0, "127.0.0.1"), "listening")
    return inbox
  }

  get url(): string {
    const address = this.#server.server.address()
    return `smtp://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #atRecipient(recipient: string): Error | null {
    const fate = fateOf(recipient, this.ledger.nextTry(recipient))
    switch (fate) {
      case "noSuchUser":
        this.ledger.note(fate)
        return refusal(550, "5.1.1 No such user here")
      case "greylisted":
        this.ledger.note(fate)
        return refusal(450, "4.2.0 Greylisted, try again in 5 minutes")
      default:
        return null
    }
  }

  async #atData(stream: SMTPServerDataStream, session: SMTPServerSession, reply: Reply): Promise<void> {
    try {
      const raw = await readAll(stream)
      const recipient = session.envelope.rcptTo.map(({ address }) => spelled(address)).join(", ")
      // One mail per person is under way at a time, so the latest try is this one.
      const fate = fateOf(recipient, this.ledger.triesFor(recipient))
      await this.#carryOut(fate, raw, recipient, session, reply)
    } catch (error) {
      reply(refusal(451, `4.3.0 ${error instanceof Error ? error.message : String(error)}`))
    }
  }

  async #carryOut(fate: Fate, raw: Buffer, recipient: string, session: SMTPServerSession, reply: Reply): Promise<void> {
    this.ledger.note(fate)
    if (fate === "busy") return reply(refusal(451, "4.2.1 Mailbox busy, try again in 2 minutes"))
    const messageId = messageIdIn(raw)
    if (fate !== "mailLost") {
      const isOpened = chance("opened", recipient, this.ledger.triesFor(recipient)) < openedShare
      const faults = isOpened ? await faultsOf(raw, recipient, this.#simpleParser) : undefined
      this.ledger.copies.push({ messageId, recipient, faults })
    }
    if (fate === "taken") return reply(null, "2.0.0 Taken, thank you")
    this.ledger.noteCut(messageId)
    this.#sockets.get(session.remotePort)?.destroy()
  }
}
