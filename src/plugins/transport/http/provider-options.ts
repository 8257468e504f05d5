import * as z from "zod"
import type { Fetch } from "./http-call.ts"

/** Options that every provider takes. */
export interface ProviderOptions {
  /** Where the API is, `https:` (or `http:` for this machine); default: the provider's. */
  readonly baseUrl?: string | undefined
  /** Requests that may be under way at once, and so mails that a kill leaves in doubt. */
  readonly maxConcurrency?: number | undefined
  /** Sends started per second at most. */
  readonly maxPerSecond?: number | "unlimited" | undefined
  /** Upper bound of one request, in milliseconds; default 30,000. What has no answer by then is in doubt. */
  readonly deadlineMs?: number | undefined
  /** Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined
}

/** The same, complete. */
export interface ProviderSettings {
  readonly maxConcurrency: number
  readonly maxPerSecond: number | "unlimited"
  readonly deadlineMs: number
  readonly fetch: Fetch
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host)

/** A URL that a key may be sent to: encrypted, unless it stays on this machine. */
export const safeUrl = z
  .string()
  .refine((text) => {
    const url = URL.parse(text)
    return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)))
  }, "must be an https: URL (http: only for this machine)")
  .refine((text) => {
    const url = URL.parse(text)
    return url === null || (url.username === "" && url.password === "")
    // fetch refuses it with each mail.
  }, "must hold no user or password")

/** A key, token or other header value. */
export const secret = z.string().regex(/^[\u0021-\u007e]{1,2000}$/, "must be printable ASCII without spaces")

/** Where an API is, without a slash at the end. */
export const baseUrlOf = (fallback: string) => safeUrl.default(fallback).transform((url) => url.replace(/\/+$/, ""))

/** The fields of {@link ProviderOptions} that are the same for all, with one provider's defaults. */
export const providerFields = (defaults: {
  readonly maxConcurrency: number
  readonly maxPerSecond: number | "unlimited"
}) => ({
  maxConcurrency: z.int().min(1).max(10_000).default(defaults.maxConcurrency),
  maxPerSecond: z.union([z.number().positive(), z.literal("unlimited")]).default(defaults.maxPerSecond),
  deadlineMs: z.int().min(1).max(2_147_483_647).default(30_000),
  fetch: z.custom<Fetch>((value) => typeof value === "function", "must be a function").default(() => globalThis.fetch),
})
