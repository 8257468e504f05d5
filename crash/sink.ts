/**
 * The other side: an SMTP server in a process of its own, with a ledger of its own. `sink.ts LEDGER SEED` prints its URL.
 * A mail is in the ledger, synced, before it is answered with 250: what the ledger lacks was never taken.
 */
import { fsyncSync, openSync, writeSync } from "node:fs"
import process from "node:process"
import { setTimeout as pause } from "node:timers/promises"
import { SMTPServer } from "smtp-server"
import { dice } from "./dice.ts"

const [ledger = "", seed = "1"] = process.argv.slice(2)
const file = openSync(ledger, "a")
const roll = dice(Number(seed))

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS", "AUTH"],
  hideSize: true,
  onData: async (stream, session, done) => {
    const chunks: Array<Buffer> = []
    try {
      for await (const chunk of stream) chunks.push(chunk)
    } catch (error) {
      // The client was killed before its final dot: nothing was taken.
      return done(error instanceof Error ? error : new Error(String(error)))
    }
    const id = /^Message-ID: <([^@>]+)@/im.exec(Buffer.concat(chunks).toString("latin1"))?.[1] ?? "none"
    const [recipient] = session.envelope.rcptTo
    // Some people are unknown, some mailboxes are full for a while: retries and failures are part of the play.
    if (/^gone/.test(recipient?.address ?? "")) return done(Object.assign(new Error("unknown"), { responseCode: 550 }))
    if (/^full/.test(recipient?.address ?? "") && roll() < 0.4)
      return done(Object.assign(new Error("4.2.2 full"), { responseCode: 452 }))
    writeSync(file, `${id}\n`)
    fsyncSync(file)
    // Time for a kill between the dot and the reply.
    await pause(roll() * 12)
    done(null, "taken")
  },
})
// Clients that are killed reset their connections: nothing to do about it.
server.on("error", () => undefined)
server.listen(0, "127.0.0.1", () => {
  const address = server.server.address()
  process.stdout.write(`smtp://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}\n`)
})
// It ends with whoever started it.
process.stdin.on("end", () => process.exit(0)).resume()
