import { parentPort } from "node:worker_threads"
import type { TemplateSource } from "../../sdk/renderer/renderer.ts"
import { type CompileResult, compileTemplate } from "./compile-template.ts"

/** What the worker is asked. */
export interface CompileRequest {
  readonly id: number
  readonly source: TemplateSource
}

/** What it answers: a result, or the text of an error that is a bug and not an issue of the template. */
export interface CompileReply {
  readonly id: number
  readonly result?: CompileResult
  readonly crash?: string
}

// The body of the worker thread: one request, one reply, in any order.
parentPort?.on("message", (request: CompileRequest) => {
  const reply = (message: CompileReply): void => parentPort?.postMessage(message)
  compileTemplate(request.source).then(
    (result) => reply({ id: request.id, result }),
    (error: unknown) =>
      reply({ id: request.id, crash: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
