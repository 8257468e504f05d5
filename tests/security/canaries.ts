import { inspect } from "node:util"
import { expect } from "vitest"

/** A secret and a person that must not be seen in anything that is written, thrown or shown. */
export const canary = {
  user: "mailer",
  password: "Sesam-4711:Geheim/ö",
  apiKey: "key_canary_0815_secret",
  email: "canary.person@leads.test",
  name: "Kanaria Unmistakable",
  leadId: "lead-1",
} as const

const base64 = (text: string): string => Buffer.from(text).toString("base64")

/** All forms in which they travel. */
const secrets: Readonly<Record<string, string>> = {
  "the password": canary.password,
  "the password in a URL": encodeURIComponent(canary.password),
  "the password in base64": base64(canary.password),
  "the password in AUTH PLAIN": base64(`\u0000${canary.user}\u0000${canary.password}`),
  "a part of the password": "Sesam-4711",
  "the API key": canary.apiKey,
  "the API key in base64": base64(canary.apiKey),
}

const person: Readonly<Record<string, string>> = {
  "the address": canary.email,
  "the address in capitals": canary.email.toUpperCase(),
  "the address in a URL": encodeURIComponent(canary.email),
  "the local part": "canary.person",
  "the name": canary.name,
}

/** Everything that somebody may see of a value: as JSON, and as Node prints it, with stacks, causes and hidden fields. */
const everythingOf = (value: unknown): string =>
  [
    inspect(value, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null, breakLength: 200 }),
    typeof value === "string" ? value : (JSON.stringify(value) ?? ""),
    ...(value instanceof Error ? [String(value), value.stack ?? "", everythingOf(value.cause)] : []),
  ].join("\n")

const expectNone = (forms: Readonly<Record<string, string>>, where: string, value: unknown): void => {
  const text = everythingOf(value)
  const shown = Object.entries(forms).flatMap(([what, form]) => {
    const at = text.indexOf(form)
    return at < 0 ? [] : [`${where} shows ${what}: ...${text.slice(Math.max(0, at - 80), at + form.length + 40)}...`]
  })
  expect(shown).toEqual([])
}

/** Fails, naming the form and its surroundings, when the output shows one of them. */
export const expectNoCanary = (where: string, value: unknown): void =>
  expectNone({ ...secrets, ...person }, where, value)

/** For what is no mail to anybody: a check of the server knows no person. */
export const expectNoSecret = (where: string, value: unknown): void => expectNone(secrets, where, value)
