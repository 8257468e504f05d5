type JsonObject = Readonly<Record<string, unknown>>

/** The value as an object; an empty one when it is none. */
export const objectOf = (value: unknown): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}

/** The body as a JSON object; `undefined` when it is none. */
export const jsonBody = (body: Uint8Array | string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body))
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    // No JSON: the caller refuses it.
    return undefined
  }
}

/** A text of at most 1,000 characters; `undefined` for anything else. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value.slice(0, 1_000) : undefined

/** An instant as ISO 8601 text; `undefined` when it is none. */
export const instantOf = (value: unknown): number | undefined => {
  const at = Date.parse(textOf(value) ?? "")
  return Number.isNaN(at) ? undefined : at
}
