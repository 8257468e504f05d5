import { createPrivateKey } from "node:crypto"
import { hostname } from "node:os"
import * as z from "zod"
import { parseAddress } from "../../../sdk/domain/address.ts"
import { InvalidInput } from "../../../sdk/errors.ts"
import { parse } from "../../../sdk/schema.ts"
import type { SmtpOptions } from "./smtp-options.ts"
import { optionsOfUrl } from "./url.ts"

const ms = (fallback: number) => z.number().int().min(1).max(2_147_483_647).default(fallback)
const count = (fallback: number) => z.number().int().min(1).max(10_000).default(fallback)
const oneLine = z.string().regex(/^[\u0020-\u007e\u00a0-\u{10ffff}]+$/u, "must be one line of text")
const pem = z.union([z.string(), z.instanceof(Uint8Array)])
const token = z.union([
  oneLine,
  z.custom<() => Promise<string>>((value) => typeof value === "function", "must be a string or a function"),
])

const schema = z.strictObject({
  url: z.string().optional(),
  host: z
    .string()
    .regex(/^[a-z0-9_.:%-]+$/i, "must be a host name or IP address")
    .optional(),
  port: z.number().int().min(1).max(65_535).optional(),
  secure: z.boolean().default(false),
  auth: z
    .union([z.strictObject({ user: oneLine, pass: oneLine }), z.strictObject({ user: oneLine, accessToken: token })], {
      error: "must have user and either pass or accessToken",
    })
    .optional(),
  tls: z
    .strictObject({
      required: z.boolean().optional(),
      minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2"),
      ca: z.union([pem, z.array(pem)]).optional(),
      servername: z.string().min(1).optional(),
      dangerouslyAllowInvalidCertificates: z.boolean().default(false),
      dangerouslyAllowPlaintext: z.boolean().default(false),
    })
    .prefault({}),
  dkim: z
    .strictObject({
      domainName: z.string().regex(/^[a-z0-9.-]+$/i, "must be a domain name"),
      keySelector: z.string().regex(/^[a-z0-9._-]+$/i, "must be a selector name"),
      privateKey: z.string().refine(isRsaKey, "must be an RSA private key in PEM"),
    })
    .optional(),
  envelopeFrom: z.string().refine(isAddress, "must be one mail address").optional(),
  connections: count(5),
  maxPerSecond: z.union([z.number().positive(), z.literal("unlimited")]).optional(),
  maxMessagesPerConnection: z.number().int().min(1).default(100),
  name: z
    .string()
    .regex(/^(?:[a-z0-9][a-z0-9.-]*|\[[a-z0-9:.]+\])$/i, "must be a host name or an address in brackets")
    .default(() => (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(hostname()) ? hostname() : "[127.0.0.1]")),
  timeouts: z
    .strictObject({
      connectMs: ms(30_000),
      greetingMs: ms(60_000),
      commandMs: ms(120_000),
      socketIdleMs: ms(180_000),
      finalReplyMs: ms(600_000),
      deadlineMs: ms(900_000),
      pooledIdleMs: ms(10_000),
      quitMs: ms(1_000),
    })
    .prefault({}),
})

function isRsaKey(privateKey: string): boolean {
  try {
    return createPrivateKey(privateKey).asymmetricKeyType === "rsa"
  } catch {
    // Not a key at all; the issue must not quote it.
    return false
  }
}

function isAddress(text: string): boolean {
  try {
    return parseAddress(text) !== ""
  } catch {
    // The reason is told by the issue's own text.
    return false
  }
}

/** Options with every default filled in. */
export interface SmtpSettings extends Omit<z.output<typeof schema>, "url" | "host" | "port" | "tls" | "maxPerSecond"> {
  readonly host: string
  readonly port: number
  /** Undefined: no limit. */
  readonly maxPerSecond: number | undefined
  readonly tls: Omit<z.output<typeof schema>["tls"], "required" | "ca"> & {
    /** Whether a connection in clear is upgraded: it must, when it is offered, or not at all. */
    readonly upgrade: "required" | "offered" | "never"
    readonly ca: Array<string | Buffer> | undefined
  }
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host)

const refuse = (path: string, message: string): InvalidInput =>
  new InvalidInput({
    code: "invalid-input",
    retryable: false,
    issues: [{ path, message }],
    message: `The options of the transport "smtp" are not valid: ${path}: ${message}`,
  })

const merged = (options: SmtpOptions): unknown => {
  if (options.url === undefined) return options
  const { url, ...own } = options
  const fromUrl = optionsOfUrl(url)
  return {
    ...fromUrl,
    ...own,
    tls: { ...fromUrl.tls, ...own.tls },
    timeouts: { ...fromUrl.timeouts, ...own.timeouts },
  }
}

/**
 * The options checked and complete.
 *
 * @throws InvalidInput; its text never holds a password or key.
 */
export const settingsOf = (options: SmtpOptions): SmtpSettings => {
  const given = parse(schema, merged(options), 'The options of the transport "smtp"')
  const { host } = given
  if (host === undefined) throw refuse("host", "is missing. Give a URL like smtp://user:pass@host:587, or host")
  const loopback = isLoopback(host)
  const { required, ca, ...tls } = given.tls
  if (required === false && !loopback && !tls.dangerouslyAllowPlaintext)
    throw refuse("tls.required", "can be false for a loopback host only; else spell out tls.dangerouslyAllowPlaintext")
  const must = required ?? (!loopback && !tls.dangerouslyAllowPlaintext)
  const authorities = ca === undefined ? undefined : Array.isArray(ca) ? ca : [ca]
  return {
    ...given,
    host,
    port: given.port ?? (given.secure ? 465 : 587),
    maxPerSecond: given.maxPerSecond === "unlimited" ? undefined : (given.maxPerSecond ?? (loopback ? undefined : 10)),
    tls: {
      ...tls,
      ca: authorities?.map((pemText) => (typeof pemText === "string" ? pemText : Buffer.from(pemText))),
      // A loopback server often has a certificate that nobody can verify, and nobody can listen in between.
      upgrade: must ? "required" : loopback && ca === undefined ? "never" : "offered",
    },
  }
}
