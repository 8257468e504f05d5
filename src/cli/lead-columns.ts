import { InvalidInput, type Json, type LeadInput } from "sendstate/sdk"

/** Columns with a meaning of their own; all others become lead data. */
const known = ["email", "id", "name", "firstName", "lastName", "phone", "timeZone", "locale", "status"] as const

type Known = (typeof known)[number]

const knownByKey = new Map<string, Known>(known.map((name) => [name.toLowerCase(), name]))

/** What a head line says. */
export interface LeadColumns {
  readonly names: ReadonlyArray<string>
}

const forbidden = new Set(["__proto__", "constructor", "prototype"])

const refuse = (file: string, message: string): InvalidInput =>
  new InvalidInput({
    code: "invalid-lead-file",
    retryable: false,
    issues: [{ path: file, message }],
    message: `${file}: ${message}`,
  })

/**
 * The columns of a head line. The known ones may be written in any case.
 *
 * @throws InvalidInput when email is missing, or a name is empty, there twice, or not allowed.
 */
export const columnsOf = (file: string, cells: ReadonlyArray<string>): LeadColumns => {
  const names = cells.map((cell) => {
    const name = cell.trim()
    return knownByKey.get(name.toLowerCase()) ?? name
  })
  if (!names.includes("email"))
    throw refuse(file, `it has no column "email"; its first line names ${names.slice(0, 20).join(", ") || "nothing"}`)
  for (const [index, name] of names.entries()) {
    if (name === "") throw refuse(file, `column ${index + 1} has no name`)
    if (forbidden.has(name)) throw refuse(file, `a column cannot be called "${name}"`)
    if (names.indexOf(name) !== index) throw refuse(file, `the column "${name}" is there twice`)
  }
  return { names }
}

const joined = (...parts: ReadonlyArray<string | undefined>): string | undefined => {
  const name = parts.filter((part) => part !== undefined).join(" ")
  return name === "" ? undefined : name
}

/** A row as a lead, not checked yet; a reason when it cannot be one. Empty cells are absent. */
export const leadOfCells = ({ names }: LeadColumns, cells: ReadonlyArray<string>): LeadInput | string => {
  if (cells.length !== names.length)
    return `it has ${cells.length} ${cells.length === 1 ? "cell" : "cells"}, the first line ${names.length}`
  const values = new Map(names.flatMap((name, index) => (cells[index] ? [[name, cells[index]] as const] : [])))
  for (const [name, value] of values) if (value.includes("\ufffd")) return `${name} is not UTF-8`
  const email = values.get("email")
  if (email === undefined) return "email is missing"
  const data: Record<string, Json> = {}
  for (const [name, value] of values)
    if (!known.some((own) => own === name) || name === "firstName" || name === "lastName") data[name] = value
  return {
    email,
    id: values.get("id"),
    name: values.get("name") ?? joined(values.get("firstName"), values.get("lastName")),
    phone: values.get("phone"),
    timeZone: values.get("timeZone"),
    locale: values.get("locale"),
    status: values.get("status"),
    data,
  }
}
