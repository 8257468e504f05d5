import { type ArgDef, type ArgsDef, type ParsedArgs, parseArgs } from "citty"
import { UsageError } from "./usage-error.ts"

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const flagOf = (raw: string): { readonly name: string; readonly value: string | undefined } => {
  const [, name = "", value] = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(raw) ?? []
  return { name, value }
}

const wordsOf = (name: string, args: Readonly<Record<string, ArgDef>>): string => {
  const known = Object.keys(args).filter((key) => args[key]?.type !== "positional")
  const near = known.find((key) => key.startsWith(name.slice(0, 3)))
  return near === undefined ? "" : ` Did you mean --${near}?`
}

/** A flag that is not known, has no value, or has one too many: citty takes all of these in silence. */
const checkFlags = (raw: ReadonlyArray<string>, args: Readonly<Record<string, ArgDef>>): number => {
  let positional = 0
  for (let index = 0; index < raw.length; index++) {
    const word = raw[index] ?? ""
    if (word === "--") return positional + raw.length - index - 1
    if (!word.startsWith("-") || word === "-") {
      positional += 1
      continue
    }
    const { name, value } = flagOf(word)
    const arg = args[kebab(name)] ?? args[kebab(name).replace(/^no-/, "")]
    if (arg === undefined || arg.type === "positional")
      throw new UsageError(`There is no option ${word.replace(/=.*/s, "")}.${wordsOf(name, args)}`)
    if (arg.type === "boolean") {
      if (value !== undefined) throw new UsageError(`--${name} takes no value.`)
      continue
    }
    const given = value ?? raw[++index]
    if (given === undefined || given === "" || (value === undefined && /^--?[a-z]/i.test(given)))
      throw new UsageError(
        `--${name} needs a value: --${name} ${arg.valueHint ?? (arg.type === "enum" ? (arg.options ?? []).join("|") : "TEXT")}.`,
      )
    if (arg.type === "enum" && !(arg.options ?? []).includes(given))
      throw new UsageError(`--${name} is ${(arg.options ?? []).join(" or ")}, not "${given}".`)
  }
  return positional
}

/** Every value of an option that may be given several times, in their order; of checked arguments. */
export const valuesOf = (raw: ReadonlyArray<string>, args: ArgsDef, option: string): ReadonlyArray<string> => {
  const values: string[] = []
  for (let index = 0; index < raw.length; index++) {
    const word = raw[index] ?? ""
    if (word === "--") break
    if (!word.startsWith("-") || word === "-") continue
    const { name, value } = flagOf(word)
    if (args[kebab(name)]?.type !== "string") continue
    const given = value ?? raw[++index] ?? ""
    if (kebab(name) === option) values.push(given)
  }
  return values
}

/**
 * The arguments of a command, checked. With the positional argument `...` a command takes any number of words, as `_`.
 *
 * @throws UsageError
 */
export const readArguments = <T extends ArgsDef>(raw: ReadonlyArray<string>, args: ArgsDef): ParsedArgs<T> => {
  const given = checkFlags(raw, args)
  const positional = Object.entries(args).filter(([, arg]) => arg.type === "positional")
  const takesMany = positional.some(([, arg]) => arg.valueHint?.endsWith("...") === true)
  if (given > positional.length && !takesMany) {
    const extra = positional.length === 0 ? "no arguments" : `${positional.map(([name]) => name).join(" and ")} only`
    throw new UsageError(`This command takes ${extra}; ${given} are given.`)
  }
  const missing = positional.filter(([, arg]) => arg.required !== false)[given]
  if (missing !== undefined) throw new UsageError(`${missing[1].valueHint ?? missing[0]} is missing.`)
  return parseArgs<T>([...raw], args)
}
