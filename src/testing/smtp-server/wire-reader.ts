import type { Socket } from "node:net"

/** Lines and bodies out of a socket, in the order in which they came. */
export class WireReader {
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
