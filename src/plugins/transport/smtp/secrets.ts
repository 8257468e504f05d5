import type { SmtpAuth } from "./smtp-options.ts"

const mask = "[redacted]"
/** Tokens change; only the newest ones can still be echoed. */
const maxSecrets = 64

/** What must never be seen outside: the password, tokens, and the forms in which they travel. */
export class Secrets {
  readonly #known = new Set<string>()

  constructor(auth: SmtpAuth | undefined) {
    if (auth === undefined) return
    if ("pass" in auth) {
      this.add(auth.pass)
      this.add(encodeURIComponent(auth.pass))
      this.add(Buffer.from(auth.pass).toString("base64"))
      this.add(Buffer.from(`\u0000${auth.user}\u0000${auth.pass}`).toString("base64"))
    } else if (typeof auth.accessToken === "string") this.add(auth.accessToken)
  }

  add(secret: string): void {
    if (secret === "" || this.#known.has(secret)) return
    this.#known.add(secret)
    for (const oldest of this.#known) {
      if (this.#known.size <= maxSecrets) return
      this.#known.delete(oldest)
    }
  }

  /** The text with each secret masked, so that a server or resolver that echoes one gives nothing away. */
  redact(text: string): string {
    let clean = text
    for (const secret of this.#known) if (clean.includes(secret)) clean = clean.replaceAll(secret, mask)
    return clean
  }
}
