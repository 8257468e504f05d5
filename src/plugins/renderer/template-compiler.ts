// Real time: a worker thread compiles in it, also where the clock of the runtime is another.
import { clearTimeout, setTimeout } from "node:timers"
import { Worker } from "node:worker_threads"
import { Closed, Interrupted, type RenderError } from "../../sdk/errors.ts"
import type { TemplateSource } from "../../sdk/renderer/renderer.ts"
import type { CompileResult } from "./compile-template.ts"
import type { CompileReply, CompileRequest } from "./compile-worker.ts"
import { renderError } from "./render-failure.ts"

/** What one compilation may take. */
export interface CompilerOptions {
  /** Milliseconds from its start to its end. */
  readonly deadlineMs: number
  /** Mebibytes of JavaScript heap. */
  readonly memoryMb: number
  /** Milliseconds without work after which the worker ends. */
  readonly idleMs: number
}

// `new URL("./x.ts")` is text: tsc does not rewrite it to .js as it does imports.
const workerUrl = new URL(`./compile-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url)

/**
 * Compiles templates in one worker thread, so that neither a bomb nor MJML's second of start-up holds up the process.
 *
 * One template at a time. The worker starts at the first one, does not keep the process alive while idle, and is thrown away
 * after a deadline, an abort or a crash.
 */
export class TemplateCompiler {
  readonly #options: CompilerOptions
  #worker: Worker | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #idle: NodeJS.Timeout | undefined
  #nextId = 0
  #closed = false

  constructor(options: CompilerOptions) {
    this.#options = options
  }

  /**
   * @throws RenderError `compile-deadline`, `compile-memory` or `compile-crashed`
   * @throws Interrupted when the signal fires first
   * @throws Closed after `close`
   */
  compile(source: TemplateSource, signal: AbortSignal): Promise<CompileResult> {
    const turn = this.#queue.then(() => this.#run(source, signal))
    // The next one does not care how this one ended; the caller gets `turn` itself.
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  /** Ends the worker; a compilation under way fails with Closed. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#discard()
  }

  #run(source: TemplateSource, signal: AbortSignal): Promise<CompileResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closed())
      if (signal.aborted) return reject(interrupted(source.name))
      const worker = this.#start()
      const id = this.#nextId++
      const settle = (end: () => void, keep: boolean): void => {
        clearTimeout(timer)
        signal.removeEventListener("abort", onAbort)
        worker.off("message", onMessage).off("error", onError).off("exit", onExit)
        if (keep) this.#rest(worker)
        // Ending takes a moment; the next compilation starts a fresh worker meanwhile.
        else void this.#discard()
        end()
      }
      const fail = (error: unknown): void => settle(() => reject(error), false)
      const onMessage = (reply: CompileReply): void => {
        if (reply.id !== id) return
        const { result } = reply
        if (result === undefined) fail(crashed(source.name, reply.crash ?? "no reason given"))
        else settle(() => resolve(result), true)
      }
      const onError = (error: Error & { readonly code?: string }): void =>
        fail(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? this.#outOfMemory(source.name) : crashed(source.name, error))
      const onExit = (): void => fail(this.#closed ? closed() : crashed(source.name, "its worker ended"))
      const onAbort = (): void => fail(interrupted(source.name))
      const timer = setTimeout(() => fail(this.#late(source.name)), this.#options.deadlineMs)
      signal.addEventListener("abort", onAbort, { once: true })
      worker.on("message", onMessage).on("error", onError).on("exit", onExit)
      worker.ref()
      const request: CompileRequest = { id, source }
      worker.postMessage(request)
    })
  }

  #start(): Worker {
    clearTimeout(this.#idle)
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(workerUrl, {
      name: "sendstate-compile",
      // The parent's flags (inspector, conditions, loaders of a test runner) are not for this thread.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#options.memoryMb, stackSizeMb: 4 },
    })
    this.#worker = worker
    // Also while it is idle: a worker that dies is replaced at the next compilation.
    worker.on("error", () => this.#forget(worker)).on("exit", () => this.#forget(worker))
    return worker
  }

  #rest(worker: Worker): void {
    worker.unref()
    this.#idle = setTimeout(() => void this.#discard(), this.#options.idleMs)
    this.#idle.unref()
  }

  #forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined
  }

  async #discard(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #late(name: string): RenderError {
    const message = `takes longer than ${this.#options.deadlineMs} ms: make it smaller, or raise compileDeadlineMs on a slow machine`
    return renderError(name, "compile-deadline", "cannot be compiled", [{ path: "", message }])
  }

  #outOfMemory(name: string): RenderError {
    const message = `needs more than ${this.#options.memoryMb} MB: make it smaller, or raise compileMemoryMb`
    return renderError(name, "compile-memory", "cannot be compiled", [{ path: "", message }])
  }
}

const interrupted = (name: string): Interrupted =>
  new Interrupted({
    code: "interrupted",
    retryable: true,
    message: `Compiling template "${name}" was stopped by its caller.`,
  })

const closed = (): Closed =>
  new Closed({
    code: "closed",
    retryable: false,
    message: "The renderer is closed: create a new one to compile templates.",
  })

const crashed = (name: string, cause: unknown): RenderError => {
  const message = "the compiler failed on it; this is a bug of sendstate: please report it with the template"
  return renderError(name, "compile-crashed", "cannot be compiled", [{ path: "", message }], { cause })
}
