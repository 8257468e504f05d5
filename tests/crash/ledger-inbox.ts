import { setTimeout as pause } from "node:timers/promises"
import { SMTPServer } from "smtp-server"

/** An SMTP server that remembers what it took, and takes its time to say so: kills land between the dot and the reply. */
export interface LedgerInbox {
  readonly url: string
  /** Accepted copies by Message-ID. */
  readonly copies: ReadonlyMap<string, number>
  readonly close: () => Promise<void>
}

export const startLedgerInbox = async (replyDelayMs: () => number): Promise<LedgerInbox> => {
  const copies = new Map<string, number>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    onData: async (stream, _session, done) => {
      const chunks: Buffer[] = []
      try {
        for await (const chunk of stream) chunks.push(chunk)
      } catch (error) {
        // The client was killed before its final dot: nothing was taken.
        return done(error instanceof Error ? error : new Error(String(error)))
      }
      const id = /^Message-ID: (\S+)/im.exec(Buffer.concat(chunks).toString())?.[1] ?? "none"
      copies.set(id, (copies.get(id) ?? 0) + 1)
      await pause(replyDelayMs())
      done(null, "taken")
    },
  })
  // Clients that are killed reset their connections: nothing to do about it.
  server.on("error", () => {})
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `smtp://127.0.0.1:${port}`,
    copies,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
