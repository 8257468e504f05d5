import { open, readFile } from "node:fs/promises"
import { defineTransport, type Message, parseAddress, type SendOutcome } from "sendstate/sdk"
import * as z from "zod"

const hasLine = async (file: string, key: string): Promise<boolean> => {
  // Opened so that it is made where nothing was sent yet: then there is no line.
  const lines = (await readFile(file, { encoding: "utf8", flag: "a+" })).split("\n")
  return lines.slice(0, -1).some((line) => JSON.parse(line).key === key)
}

// Whatever comes here without the runtime's own check: a recipient is one mailbox.
const refusalOf = ({ envelope }: Message): SendOutcome | undefined => {
  try {
    parseAddress(envelope.to)
    return undefined
  } catch {
    return { type: "rejected", scope: "recipient", retryable: false, code: "bad-address" }
  }
}

/** Hands each mail over as one line of JSON in a file, for another program to send. */
export const jsonLines = defineTransport({
  name: "json-lines",
  options: z.strictObject({ file: z.string().min(1) }),
  create: ({ file }) => ({
    // One at a time: two writers in one file would have to agree about lines.
    capabilities: { maxConcurrency: 1, deadlineMs: 10_000, signalsHandoff: true },
    send: async (message, { signal, handoff, idempotencyKey: key }) => {
      if (signal.aborted) return { type: "rejected", scope: "host", retryable: true, code: "aborted" }
      const refused = refusalOf(message)
      if (refused !== undefined) return refused
      // A throw up to here is certain to have sent nothing: it is tried again.
      const output = await open(file, "a")
      try {
        // From here on the line may be in the file whatever we are told: a throw leaves the mail in doubt.
        handoff()
        await output.appendFile(`${JSON.stringify({ key, ...message })}\n`)
        await output.sync()
        return { type: "accepted" }
      } finally {
        await output.close()
      }
    },
    // Evidence ends doubt: after a crash each mail in doubt is looked up before anything is sent again.
    lookup: async ({ idempotencyKey }) => ({ type: (await hasLine(file, idempotencyKey)) ? "accepted" : "notFound" }),
  }),
})
