import { type Mood, type Received, ScriptedSmtpServer, type SmtpStep, smtpScript } from "sendstate/testing"

const { reply, close, silence } = smtpScript

const envelopeOf = (commands: ReadonlyArray<string>): string =>
  commands.findLast((line) => line.startsWith("RCPT TO:"))?.slice("RCPT TO:<".length, -1) ?? ""

const messageIdOf = (body: string): string => /^Message-ID: (.*)\r$/im.exec(body)?.[1] ?? ""

/** An SMTP server in a mood, which keeps what it took. */
export const moodyServer = async () => {
  let mood: Mood = "takes"
  const received: Array<Received> = []
  const inMood =
    (moods: Partial<Record<Mood, SmtpStep>>, otherwise: SmtpStep): SmtpStep =>
    (moment) => {
      const step = moods[mood] ?? otherwise
      return typeof step === "function" ? step(moment) : step
    }
  const server: ScriptedSmtpServer = await ScriptedSmtpServer.start({
    greeting: inMood({ gone: close }, reply("220 moody.test ESMTP")),
    ehlo: reply("250-moody.test\n250-AUTH PLAIN\n250 8BITMIME"),
    mail: inMood({ gone: close }, reply("250 2.1.0 ok")),
    rcpt: inMood({ refuses: reply("550 5.1.1 unknown"), busy: reply("450 4.2.0 later") }, reply("250 2.1.5 ok")),
    end: inMood({ silent: silence }, ({ connection, visit }) => {
      const commands = server.commands[connection - 1] ?? []
      const body = server.bodies.filter((text) => !received.some(({ messageId }) => messageId === messageIdOf(text)))
      const mine = body[0] ?? server.bodies.at(-1) ?? ""
      received.push({ to: envelopeOf(commands), messageId: messageIdOf(mine) })
      return reply(`250 2.0.0 ok ${connection}.${visit}`)
    }),
  })
  return {
    server,
    received: (): ReadonlyArray<Received> => received,
    mood: async (next: Mood) => {
      mood = next
      if (next === "gone") await server.stop()
    },
    dispose: () => (mood === "gone" ? undefined : server.stop()),
  }
}
