import { InvalidInput } from "sendstate/sdk"

/** The refusal that this call throws; fails when it throws nothing or something else. */
export const refusalOf = (call: () => unknown): InvalidInput => {
  try {
    call()
  } catch (error) {
    if (error instanceof InvalidInput) return error
    throw error
  }
  throw new Error("nothing was refused")
}

/** The fields that the refusal names, each once. */
export const refusedFields = (call: () => unknown): ReadonlyArray<string> => [
  ...new Set(refusalOf(call).issues.map((issue) => issue.path)),
]
