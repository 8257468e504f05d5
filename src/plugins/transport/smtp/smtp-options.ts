/** How to log in. `accessToken` is XOAUTH2: a token, or a function that is asked once per connection. */
export type SmtpAuth =
  | { readonly user: string; readonly pass: string }
  | {
      readonly user: string
      /** A token, or what gives one: asked once per connection, so that it may be renewed. */
      readonly accessToken: string | (() => Promise<string>)
    }

/** How the connection is secured. Nothing here weakens TLS without saying so in its name. */
export interface SmtpTlsOptions {
  /** TLS or no mail. Default: true, except for a loopback host. `false` elsewhere needs `dangerouslyAllowPlaintext`. */
  readonly required?: boolean
  /** Oldest version that is spoken; default `TLSv1.2`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3"
  /** Own certificate authorities, PEM; replaces the built-in ones. */
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array>
  /** Name that the certificate must carry; default: the host. */
  readonly servername?: string
  /** Anybody on the path can read and change the mail and learn the password. */
  readonly dangerouslyAllowInvalidCertificates?: boolean
  /** Without STARTTLS mail and password go in clear. */
  readonly dangerouslyAllowPlaintext?: boolean
}

/** Milliseconds each; all at least 1. */
export interface SmtpTimeouts {
  /** TCP connection, and again TLS handshake; default 30,000. */
  readonly connectMs?: number
  /** First line of the server; default 60,000. */
  readonly greetingMs?: number
  /** Each reply but the first and the last; default 120,000. */
  readonly commandMs?: number
  /** While the body is sent: no progress of 64 KiB within it; default 180,000 (RFC 5321 4.5.3.2.5). */
  readonly socketIdleMs?: number
  /** Reply to the final dot; default 600,000 (RFC 5321 4.5.3.2.6). Shorter makes doubt more likely. */
  readonly finalReplyMs?: number
  /** One `send` altogether, from its call; default 900,000. */
  readonly deadlineMs?: number
  /** An unused connection is closed after this; default 10,000. */
  readonly pooledIdleMs?: number
  /** Answer to QUIT, at `close()` and elsewhere; default 1,000. */
  readonly quitMs?: number
}

/** Options of the `smtp` transport. */
export interface SmtpOptions {
  /** `smtp://user:pass@host:587` or `smtps://...`; the other options win over it. Default, without `host`: `SENDSTATE_SMTP_URL`. */
  readonly url?: string
  readonly host?: string
  /** Default 587, with `secure` 465. */
  readonly port?: number
  /** TLS from the first byte; default false: STARTTLS. */
  readonly secure?: boolean
  readonly auth?: SmtpAuth
  readonly tls?: SmtpTlsOptions
  /** Signs each mail (RFC 6376, rsa-sha256), List-Unsubscribe headers included. `privateKey` is an RSA key in PEM. */
  readonly dkim?: { readonly domainName: string; readonly keySelector: string; readonly privateKey: string }
  /** Bounce address said at the wire instead of the message's own. */
  readonly envelopeFrom?: string
  /** Connections, and so mails under way, at once; default 5. */
  readonly connections?: number
  /** Sends started per second, kept by the runtime; default 10, for a loopback host no limit. */
  readonly maxPerSecond?: number | "unlimited"
  /** A connection is replaced after this many mails; default 100. */
  readonly maxMessagesPerConnection?: number
  /** What we call ourselves in EHLO; default: this machine's name when it has a dot, else `[127.0.0.1]`. */
  readonly name?: string
  readonly timeouts?: SmtpTimeouts
}
