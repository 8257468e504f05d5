import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"

/** A process that owns a store, and what it has said so far. */
export class Owner {
  readonly said: Array<string> = []
  readonly #process: ChildProcessByStdio<null, Readable, null>
  readonly #exit: Promise<unknown>
  readonly #waiting = new Set<() => void>()

  constructor(storage: string, file: string, work: string) {
    const script = fileURLToPath(new URL("./owner-process.ts", import.meta.url))
    this.#process = spawn(process.execPath, ["--conditions=sendstate-source", script, storage, file, work], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    this.#exit = once(this.#process, "close")
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.said.push(line)
      for (const check of this.#waiting) check()
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** The line that satisfies the condition, as soon as it is said. */
  async line(isIt: (line: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const line = this.said.find(isIt)
        if (line === undefined) return
        this.#waiting.delete(check)
        resolve(line)
      }
      this.#waiting.add(check)
      this.#exit.then(() => {
        check()
        reject(new Error(`the owner ended after: ${this.said.join(", ")}`))
      }, reject)
      check()
    })
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL")
    await this.#exit
  }

  async exited(): Promise<void> {
    await this.#exit
  }
}
