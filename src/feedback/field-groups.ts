/** Fields of one group, by lower-case name; of several with one name the first. */
export type FieldGroup = Readonly<Record<string, string>>

/**
 * The groups of a machine-readable report (RFC 3464 2.1, RFC 5965 3): `Name: value` lines, folded as in headers, groups
 * apart by empty lines. What is no field is passed over: reports are written by all sorts of programs.
 */
export const fieldGroups = (content: Uint8Array): ReadonlyArray<FieldGroup> =>
  Buffer.from(content)
    .toString("utf8")
    .replace(/\r\n?/g, "\n")
    .split(/\n[ \t]*\n/)
    .map((block) => {
      const group: Record<string, string> = Object.create(null)
      for (const line of block.replace(/\n[ \t]+/g, " ").split("\n")) {
        const colon = line.indexOf(":")
        if (colon > 0) group[line.slice(0, colon).trim().toLowerCase()] ??= line.slice(colon + 1).trim()
      }
      return group
    })
    .filter((group) => Object.keys(group).length > 0)

/** `rfc822; bob@example.test` without the type; `undefined` for another type, or when there is none. */
export const addressField = (value: string | undefined): string | undefined => {
  const [, type = "rfc822", address = ""] = /^(?:\s*([\w-]+)\s*;)?\s*<?([^<>\s]+)>?\s*$/.exec(value ?? "") ?? []
  return /^(rfc822|utf-8)$/i.test(type) && address.includes("@") ? address : undefined
}
