import { once } from "node:events"
import { createServer, type Server, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { TLSSocket } from "node:tls"

/** What the server does at one stage. */
export type Action =
  | { readonly type: "reply"; readonly text: string }
  | { readonly type: "raw"; readonly bytes: string }
  | { readonly type: "close" }
  | { readonly type: "reset" }
  | { readonly type: "silence" }
  | { readonly type: "wait"; readonly ms: number }

/** A complete reply; `\n` inside separates the lines of a multi-line reply, which then carry their codes themselves. */
export const reply = (text: string): Action => ({ type: "reply", text })
/** Bytes as they are, without a line end: partial replies and garbage. */
export const raw = (bytes: string): Action => ({ type: "raw", bytes })
/** FIN. */
export const close: Action = { type: "close" }
/** RST. */
export const reset: Action = { type: "reset" }
/** Says nothing more on this connection, but keeps it. */
export const silence: Action = { type: "silence" }
export const wait = (ms: number): Action => ({ type: "wait", ms })

/** Where the script decides. `body` runs when the first octets after 354 come, `end` when the final dot has come. */
export type ScriptStage =
  | "greeting"
  | "ehlo"
  | "helo"
  | "starttls"
  | "auth"
  | "mail"
  | "rcpt"
  | "data"
  | "body"
  | "end"
  | "rset"
  | "quit"

/** What a step of the script may look at. */
export interface Moment {
  /** The command as received. */
  readonly line: string
  /** Ordinal of the connection, from 1. */
  readonly connection: number
  /** Ordinal of this stage on this connection, from 1. */
  readonly visit: number
}

type Step = Action | ReadonlyArray<Action> | ((moment: Moment) => Action | ReadonlyArray<Action>)
/** Stages that are not named say yes; DATA says 503 when no recipient was accepted. */
export type Script = Partial<Record<ScriptStage, Step>>

const yes: Record<ScriptStage, ReadonlyArray<Action>> = {
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

const noRecipient: ReadonlyArray<Action> = [reply("503 5.5.1 no valid recipients")]

/** A TCP server on 127.0.0.1 that says exactly what its script says and keeps what it is told. */
export class ScriptedServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #script: Script
  readonly #tls: { readonly key: string; readonly cert: string } | undefined
  /** Command lines by connection, in order. */
  readonly commands: Array<Array<string>> = []
  /** What came between 354 and the end, as it was on the wire, final dot included when it came. */
  readonly bodies: Array<string> = []

  private constructor(script: Script, tls: { readonly key: string; readonly cert: string } | undefined) {
    this.#script = script
    this.#tls = tls
    this.#server = createServer((socket) => void this.#serve(socket))
  }

  static async start(
    script: Script = {},
    options: { readonly tls?: { readonly key: string; readonly cert: string } } = {},
  ): Promise<ScriptedServer> {
    const server = new ScriptedServer(script, options.tls)
    server.#server.listen(0, "127.0.0.1")
    await once(server.#server, "listening")
    return server
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`
  }

  /** Closes every open connection with FIN, as a server does with idle ones. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  get openConnections(): number {
    return this.#sockets.size
  }

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
    const visits = new Map<ScriptStage, number>()
    let recipient = false
    const act = async (stage: ScriptStage, line: string): Promise<Action | undefined> => {
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

const stageOf = (line: string): ScriptStage => {
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

const perform = async (socket: Socket, action: Action): Promise<void> => {
  if (action.type === "wait") await sleep(action.ms)
  else if (socket.destroyed) return
  else if (action.type === "silence") await once(socket, "close")
  else if (action.type === "reply") socket.write(`${action.text.replaceAll("\n", "\r\n")}\r\n`)
  else if (action.type === "raw") socket.write(action.bytes)
  else if (action.type === "close") socket.end()
  else socket.resetAndDestroy()
}

/** Lines and bodies out of a socket, in the order in which they came. */
class WireReader {
  readonly #socket: Socket
  #buffer = ""
  #ended = false
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on("data", this.#onData)
    socket.on("close", this.#onClose)
  }

  detach(): void {
    this.#socket.off("data", this.#onData)
  }

  /** The next line; undefined at the end. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf("\r\n")
      if (end >= 0) {
        const line = this.#buffer.slice(0, end)
        this.#buffer = this.#buffer.slice(end + 2)
        return line
      }
      if (!(await this.#more())) return undefined
    }
  }

  /** Waits until something is there. */
  async some(): Promise<boolean> {
    return this.#buffer.length > 0 || this.#more()
  }

  /** Takes everything up to and with `end`, telling `seen` what came so far; false when the socket closed before. */
  async until(end: string, seen: (text: string) => void): Promise<boolean> {
    for (;;) {
      const at = this.#buffer.indexOf(end)
      seen(at < 0 ? this.#buffer : this.#buffer.slice(0, at + end.length))
      if (at >= 0) {
        this.#buffer = this.#buffer.slice(at + end.length)
        return true
      }
      if (!(await this.#more())) return false
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffer += chunk.toString("latin1")
    this.#wake()
  }

  readonly #onClose = (): void => {
    this.#ended = true
    this.#wake()
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false
    const before = this.#buffer.length
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    return this.#buffer.length > before || !this.#ended
  }
}
