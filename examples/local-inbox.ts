import { once } from "node:events"
import { simpleParser } from "mailparser"
import { SMTPServer } from "smtp-server"

/** A mail as it arrived. */
export interface ArrivedMail {
  readonly messageId: string
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** A mail server on this machine that takes everything, so that the examples need no account anywhere. */
export const startLocalInbox = async () => {
  const mails: Array<ArrivedMail> = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    closeTimeout: 200,
    onData: async (stream, session, reply) => {
      const mail = await simpleParser(stream, { skipTextToHtml: true, skipImageLinks: true })
      const to = session.envelope.rcptTo.map(({ address }) => address).join(", ")
      mails.push({ messageId: mail.messageId ?? "", to, subject: mail.subject ?? "", text: mail.text ?? "" })
      reply()
    },
  })
  const listening = server.listen(0, "127.0.0.1")
  await once(listening, "listening")
  const address = listening.address()
  return {
    url: `smtp://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    mails,
    stop: () => new Promise<void>((resolve) => server.close(resolve)),
  }
}
