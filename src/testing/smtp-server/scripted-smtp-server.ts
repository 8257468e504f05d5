import { once } from "node:events"
import { createServer, type Server, type Socket } from "node:net"
// Real time: it talks over sockets.
import { setTimeout as sleep } from "node:timers/promises"
import { TLSSocket } from "node:tls"
import { close, reply, type SmtpAction, type SmtpScript, type SmtpStage } from "./smtp-script.ts"
import { WireReader } from "./wire-reader.ts"

const yes: Record<SmtpStage, ReadonlyArray<SmtpAction>> = {
  greeting: [reply("220 scripted.test ESMTP")],
  ehlo: [reply("250-scripted.test\n250-PIPELINING\n250 8BITMIME")],
  helo: [reply("250 scripted.test")],
  starttls: [reply("454 4.7.0 no TLS here")],
  auth: [reply("235 2.7.0 in")],
  mail: [reply("250 2.1.0 ok")],
  rcpt: [reply("250 2.1.5 ok")],
  data: [reply("354 go on")],
  body: [],
  end: [reply("250 2.0.0 ok")],
  rset: [reply("250 2.0.0 ok")],
  quit: [reply("221 2.0.0 bye"), close],
}

const noRecipient: ReadonlyArray<SmtpAction> = [reply("503 5.5.1 no valid recipients")]

/** Key and certificate of a server, PEM. */
export interface ServerCertificate {
  readonly key: string
  readonly cert: string
}

/**
 * An SMTP server on 127.0.0.1 that does exactly what its script says, per stage, connection and recipient, and keeps what
 * it is told: for tests of everything that a server or a network can do to a mail.
 *
 * @example
 * ```ts
 * const { reply, close } = smtpScript
 * const server = await ScriptedSmtpServer.start({
 *   rcpt: ({ line }) => (line.includes("bob@") ? reply("450 4.2.0 later") : reply("250 ok")),
 *   end: close,
 * })
 * const transport = smtp(server.url)
 * ```
 */
export class ScriptedSmtpServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #script: SmtpScript
  readonly #tls: ServerCertificate | undefined
  /** Command lines by connection, in order. */
  readonly commands: Array<Array<string>> = []
  /** What came between 354 and the end, as it was on the wire, final dot included when it came. */
  readonly bodies: Array<string> = []

  private constructor(script: SmtpScript, tls: ServerCertificate | undefined) {
    this.#script = script
    this.#tls = tls
    this.#server = createServer((socket) => void this.#serve(socket))
  }

  /**
   * Listens on a free port; `stop` it after the test. With `tls` it takes STARTTLS where the script answers 220 to it.
   */
  static async start(
    script: SmtpScript = {},
    options: { readonly tls?: ServerCertificate } = {},
  ): Promise<ScriptedSmtpServer> {
    const server = new ScriptedSmtpServer(script, options.tls)
    server.#server.listen(0, "127.0.0.1")
    await once(server.#server, "listening")
    return server
  }

  /** TCP port on 127.0.0.1. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }

  /** `smtp://127.0.0.1:port`. */
  get url(): string {
    return `smtp://127.0.0.1:${this.port}`
  }

  /** Ends every open connection, as a server does with idle ones. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#sockets.size
  }

  /** Closes every connection and stops listening. */
  async stop(): Promise<void> {
    this.dropConnections()
    this.#server.close()
    await once(this.#server, "close")
  }

  async #serve(plain: Socket): Promise<void> {
    let socket = plain
    const track = (one: Socket): void => {
      one.setNoDelay(true)
      one.on("error", () => {})
      this.#sockets.add(one)
      one.on("close", () => this.#sockets.delete(one))
    }
    track(socket)
    const commands: Array<string> = []
    const connection = this.commands.push(commands)
    const visits = new Map<SmtpStage, number>()
    let recipient = false
    const act = async (stage: SmtpStage, line: string): Promise<SmtpAction | undefined> => {
      const visit = (visits.get(stage) ?? 0) + 1
      visits.set(stage, visit)
      const step = this.#script[stage] ?? (stage === "data" && !recipient ? noRecipient : yes[stage])
      const given = typeof step === "function" ? step({ line, connection, visit }) : step
      const actions = "type" in given ? [given] : given
      for (const action of actions) await perform(socket, action)
      return actions.at(-1)
    }
    await act("greeting", "")
    let reader = new WireReader(socket)
    for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
      commands.push(line)
      const stage = stageOf(line)
      const last = await act(stage, line)
      const text = last?.type === "reply" ? last.text : last?.type === "raw" ? last.bytes : ""
      if (stage === "mail" || stage === "rcpt") recipient = stage === "rcpt" && text.startsWith("25")
      if (stage === "starttls" && text.startsWith("220") && this.#tls !== undefined) {
        reader.detach()
        socket = new TLSSocket(socket, { isServer: true, ...this.#tls })
        track(socket)
        reader = new WireReader(socket)
      }
      if (stage === "data" && text.startsWith("354")) {
        const complete = await this.#body(reader, () => act("body", ""))
        if (complete) await act("end", ".")
      }
    }
  }

  async #body(reader: WireReader, onFirst: () => Promise<unknown>): Promise<boolean> {
    const slot = this.bodies.push("") - 1
    if ((await reader.some()) === false) return false
    await onFirst()
    const complete = await reader.until("\r\n.\r\n", (text) => {
      this.bodies[slot] = text
    })
    return complete
  }
}

const stageOf = (line: string): SmtpStage => {
  const verb = line.slice(0, 4).toUpperCase()
  if (verb === "EHLO") return "ehlo"
  if (verb === "HELO") return "helo"
  if (verb === "STAR") return "starttls"
  if (verb === "MAIL") return "mail"
  if (verb === "RCPT") return "rcpt"
  if (verb === "DATA") return "data"
  if (verb === "RSET") return "rset"
  if (verb === "QUIT") return "quit"
  return "auth"
}

const dribble = async (
  socket: Socket,
  { bytes, everyMs }: Extract<SmtpAction, { readonly type: "trickle" }>,
): Promise<void> => {
  for (const byte of bytes) {
    if (socket.destroyed) return
    socket.write(byte)
    await sleep(everyMs)
  }
}

const perform = async (socket: Socket, action: SmtpAction): Promise<void> => {
  if (action.type === "wait") await sleep(action.ms)
  else if (socket.destroyed) return
  else if (action.type === "silence") await once(socket, "close")
  else if (action.type === "vanish") {
    socket.pause()
    await once(socket, "close")
  } else if (action.type === "trickle") await dribble(socket, action)
  else if (action.type === "reply") socket.write(`${action.text.replaceAll("\n", "\r\n")}\r\n`)
  else if (action.type === "raw") socket.write(action.bytes)
  else if (action.type === "close") socket.end()
  else socket.resetAndDestroy()
}
