import process from "node:process"
import { err, out, printable, writeJson } from "./output.ts"
import { UsageError } from "./usage-error.ts"

interface Typed extends Error {
  readonly _tag: string
  readonly code: string
  readonly retryable: boolean
}

const isTyped = (error: unknown): error is Typed =>
  error instanceof Error && "_tag" in error && "code" in error && "retryable" in error

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && "syscall" in error

const fileProblems: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read or written by this user",
  EISDIR: "it is a folder",
  ENOSPC: "the disk is full",
}

// Everything that is not a sentence of ours for the person in front of it is a defect of this program.
const sentenceOf = (error: unknown): string => {
  if (isTyped(error) || error instanceof UsageError) return error.message
  if (isFileError(error))
    return `${error.path ?? "A file"}: ${fileProblems[error.code ?? ""] ?? error.message.replace(/^\w+: /, "")}.`
  const text = error instanceof Error ? error.message : String(error)
  return `A defect in sendstate: ${text}. Please report it; SENDSTATE_DEBUG=1 shows where.`
}

const codeOf = (error: unknown): string =>
  isTyped(error) ? error.code : error instanceof UsageError ? "usage" : isFileError(error) ? "file" : "defect"

/** Says what failed and what to do, without a stack unless SENDSTATE_DEBUG=1. With `--json` also as an object. */
export const showFailure = (error: unknown, json: boolean): void => {
  err.line(`${err.style("red", "error")} ${sentenceOf(error).split("\n").map(printable).join("\n")}`)
  if (process.env.SENDSTATE_DEBUG === "1" && error instanceof Error) err.line(error.stack)
  if (json && !out.isClosed()) writeJson({ error: { code: codeOf(error), message: sentenceOf(error) } })
}
