import { appendFileSync, closeSync, ftruncateSync, openSync, readFileSync } from "node:fs"
import { documentStorage, type Storage } from "sendstate/sdk"

/**
 * Keeps everything in a file of lines, one JSON array of changes per batch. Claims, fences, leases, counts and history
 * are `documentStorage`'s work; this is only the place where JSON objects lie.
 *
 * Left out to stay short: a lock against a second process, and a rewrite when the file has grown.
 */
export const lineFile = (path: string): Storage =>
  documentStorage({
    name: "line-file",
    durability: "fsync",
    sync: true,
    open: ({ mode }) => {
      const file = openSync(path, mode === "own" ? "a+" : "r")
      let end = 0
      return {
        load: () => {
          const bytes = readFileSync(path)
          // What follows the last line end was cut by a crash before it was acknowledged: it never happened.
          end = bytes.lastIndexOf("\n") + 1
          const lines = bytes.toString("utf8", 0, end).split("\n").slice(0, -1)
          const records = new Map<string, unknown>(lines.flatMap((line) => JSON.parse(line)))
          return [...records].filter(([, value]) => value !== null)
        },
        write: (changes) => {
          const line = `${JSON.stringify(changes)}\n`
          // Whatever a crash or a full disk left behind the last whole line must not get glued to this one.
          ftruncateSync(file, end)
          // `flush` is an fsync: what is acknowledged survives a power cut.
          appendFileSync(file, line, { flush: true })
          end += Buffer.byteLength(line)
        },
        close: () => closeSync(file),
      }
    },
  })
