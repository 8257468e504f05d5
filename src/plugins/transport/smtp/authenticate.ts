import type { Cancellation } from "./cancellation.ts"
import type { Channel } from "./channel.ts"
import type { Extensions } from "./extensions.ts"
import { type Breakage, SmtpFailure } from "./failure.ts"
import type { Reply } from "./reply.ts"
import type { Secrets } from "./secrets.ts"
import type { SmtpSettings } from "./settings.ts"
import type { SmtpAuth } from "./smtp-options.ts"

const base64 = (text: string): string => Buffer.from(text).toString("base64")

/** RFC 4954 with PLAIN (RFC 4616), LOGIN, or XOAUTH2; resolves when the server has let us in. */
export const authenticate = async (
  channel: Channel,
  extensions: Extensions,
  auth: SmtpAuth,
  settings: SmtpSettings,
  secrets: Secrets,
  cancellation: Cancellation,
): Promise<void> => {
  const say = async (line: string): Promise<Reply> => {
    const { replies, breakage, unasked } = await channel.exchange(`${line}\r\n`, 1, settings.timeouts.commandMs)
    const reply = replies[0]
    if (reply === undefined) throw new SmtpFailure("auth", unasked ?? breakage ?? silence)
    if (reply.code !== 235 && reply.code !== 334) throw new SmtpFailure("auth", reply)
    return reply
  }
  const finish = (reply: Reply): void => {
    if (reply.code !== 235) throw new SmtpFailure("auth", reply)
  }
  const mechanism = mechanismFor(auth, extensions)
  if ("accessToken" in auth) {
    const token = await accessTokenOf(auth.accessToken, cancellation)
    secrets.add(token)
    const blob = base64(`user=${auth.user}\u0001auth=Bearer ${token}\u0001\u0001`)
    secrets.add(blob)
    const reply = await say(`AUTH XOAUTH2 ${blob}`)
    // A refused token is a challenge with the error as JSON; an empty line brings the real reply.
    finish(reply.code === 334 ? await say("") : reply)
  } else if (mechanism === "PLAIN") {
    finish(await say(`AUTH PLAIN ${base64(`\u0000${auth.user}\u0000${auth.pass}`)}`))
  } else {
    const user = await say("AUTH LOGIN")
    const pass = user.code === 334 ? await say(base64(auth.user)) : user
    finish(pass.code === 334 ? await say(base64(auth.pass)) : pass)
  }
}

const silence: Breakage = { word: "connection-closed", detail: "the server closed the connection" }

const mechanismFor = (auth: SmtpAuth, extensions: Extensions): "PLAIN" | "LOGIN" | "XOAUTH2" => {
  const wanted = "accessToken" in auth ? (["XOAUTH2"] as const) : (["PLAIN", "LOGIN"] as const)
  for (const mechanism of wanted) if (extensions.auth.has(mechanism)) return mechanism
  const hint = extensions.startTls ? "; it offers STARTTLS: set tls.required" : ""
  throw new SmtpFailure("auth", {
    word: "auth",
    detail: `the server does not offer AUTH ${wanted.join(" or ")}${hint}`,
  })
}

const accessTokenOf = (
  accessToken: string | (() => Promise<string>),
  cancellation: Cancellation,
): Promise<string> | string => {
  if (typeof accessToken === "string") return accessToken
  return new Promise((resolve, reject) => {
    const release = cancellation.onFire((reason) => reject(new SmtpFailure("auth", reason)))
    const fail = (detail: string): void =>
      reject(new SmtpFailure("auth", { word: "access-token", detail: `the accessToken function failed: ${detail}` }))
    Promise.resolve()
      .then(accessToken)
      .then(
        (token) =>
          typeof token === "string" && /^[\u0020-\u007e]+$/.test(token)
            ? resolve(token)
            : fail("it gave no printable string"),
        (error: unknown) => fail(error instanceof Error ? error.message : String(error)),
      )
      .finally(release)
  })
}
