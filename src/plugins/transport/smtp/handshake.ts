import { authenticate } from "./authenticate.ts"
import type { Cancellation } from "./cancellation.ts"
import { Channel, type Exchanged } from "./channel.ts"
import { dial, secure } from "./dial.ts"
import { type Extensions, extensionsOf, noExtensions } from "./extensions.ts"
import { SmtpFailure, type Stage } from "./failure.ts"
import { isPositive, type Reply } from "./reply.ts"
import type { Secrets } from "./secrets.ts"
import type { SmtpSettings } from "./settings.ts"

/** A channel that is ready for MAIL FROM, and what its server offers. */
export interface Session {
  readonly channel: Channel
  readonly extensions: Extensions
}

const oneReply = ({ replies, breakage, unasked }: Exchanged, stage: Stage): Reply => {
  const reply = replies[0]
  if (reply !== undefined) return reply
  throw new SmtpFailure(stage, unasked ?? breakage ?? { word: "connection-closed", detail: "no reply" })
}

const hello = async (channel: Channel, settings: SmtpSettings): Promise<Extensions> => {
  const say = async (line: string): Promise<Reply> =>
    oneReply(await channel.exchange(`${line}\r\n`, 1, settings.timeouts.commandMs), "ehlo")
  const ehlo = await say(`EHLO ${settings.name}`)
  if (isPositive(ehlo)) return extensionsOf(ehlo)
  if (ehlo.code < 500) throw new SmtpFailure("ehlo", ehlo)
  const helo = await say(`HELO ${settings.name}`)
  if (!isPositive(helo)) throw new SmtpFailure("ehlo", helo)
  return noExtensions
}

/**
 * Connects, greets, secures and authenticates.
 *
 * @throws SmtpFailure; the socket is closed then.
 */
export const openSession = async (
  settings: SmtpSettings,
  secrets: Secrets,
  cancellation: Cancellation,
): Promise<Session> => {
  let socket = await dial(settings, cancellation)
  if (settings.secure) socket = await secure(socket, settings, cancellation)
  let channel = new Channel(socket)
  const release = cancellation.onFire((reason) => channel.destroy(reason))
  try {
    const greeting = oneReply(await channel.exchange("", 1, settings.timeouts.greetingMs), "greeting")
    if (greeting.code !== 220) throw new SmtpFailure("greeting", greeting)
    let extensions = await hello(channel, settings)
    if (!settings.secure && settings.tls.upgrade !== "never") {
      if (extensions.startTls) {
        const go = oneReply(await channel.exchange("STARTTLS\r\n", 1, settings.timeouts.commandMs), "starttls")
        if (go.code !== 220) throw new SmtpFailure("starttls", go)
        if (!channel.detach())
          throw new SmtpFailure("starttls", { word: "tls", detail: "the server sent data in clear after STARTTLS" })
        socket = await secure(socket, settings, cancellation)
        channel = new Channel(socket)
        extensions = await hello(channel, settings)
      } else if (settings.tls.upgrade === "required")
        throw new SmtpFailure("starttls", { word: "tls", detail: notOffered })
    }
    if (settings.auth !== undefined)
      await authenticate(channel, extensions, settings.auth, settings, secrets, cancellation)
    return { channel, extensions }
  } catch (error) {
    channel.destroy({ word: "connection-closed", detail: "the handshake failed" })
    socket.destroy()
    throw error
  } finally {
    release()
  }
}

const notOffered =
  "the server does not offer STARTTLS and TLS is required. Use smtps://, another port, or spell out tls.dangerouslyAllowPlaintext"
