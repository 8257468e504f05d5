import { InvalidInput } from "../../../sdk/errors.ts"

/** A machine as `sendstate/machines` exports it: what is drawn is its config. */
export interface InspectableMachine {
  readonly config: unknown
}

const withoutFunctions = (_key: string, value: unknown): unknown =>
  typeof value === "function" ? { type: value.name } : value

const refuse = (name: string, reason: string, cause?: unknown): InvalidInput =>
  new InvalidInput({
    code: "invalid-machine",
    retryable: false,
    issues: [{ path: `machines.${name}`, message: reason }],
    cause,
    message: `The machine "${name}" cannot be shown: ${reason}. Give the one that sendstate/machines exports.`,
  })

/**
 * The machine's config as JSON text, as the inspector draws it.
 *
 * @throws InvalidInput when it is no JSON or longer than 200,000 characters.
 */
export const definitionOf = (name: string, machine: InspectableMachine | undefined): string | undefined => {
  if (machine === undefined) return undefined
  let text: string
  try {
    text = JSON.stringify(machine.config, withoutFunctions)
  } catch (cause) {
    throw refuse(name, "its config is no JSON", cause)
  }
  if (text.length > 200_000) throw refuse(name, "its config is longer than 200,000 characters")
  return text
}
