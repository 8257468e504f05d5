import * as z from "zod"
import { domainOf, parseAddress } from "./address.ts"

/**
 * The domain as addresses are compared by it.
 *
 * @param allowed What else may stand there, for the issue: `, or "*"`.
 */
export const domainOrIssue = (name: string, context: z.RefinementCtx<string>, allowed = ""): string => {
  try {
    return domainOf(parseAddress(`postmaster@${name}`))
  } catch {
    context.addIssue({
      code: "custom",
      message: `"${name}" is no domain; write a domain like acme.test${allowed}`,
    })
    return z.NEVER
  }
}
