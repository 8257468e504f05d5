import type { LeadInput } from "../../src/sdk/index.ts"

/** Somebody who is mailed. */
export type SimLead = LeadInput & { readonly id: string }

const planOf = (index: number) => ({ plan: index % 2 === 0 ? "pro" : "free" })

/** Everybody who is mailed in a world. */
export const leadsOf = (count: number): ReadonlyArray<SimLead> =>
  Array.from({ length: count }, (_, index) => ({
    id: `lead-${index}`,
    email: `lead-${index}@x.test`,
    data: planOf(index),
  }))

/** Who comes by a trigger alone. */
export const guestsOf = (count: number): ReadonlyArray<SimLead> =>
  Array.from({ length: count }, (_, index) => ({
    id: `guest-${index}`,
    email: `guest-${index}@x.test`,
    data: planOf(index),
  }))
