import type { LeadInput } from "../../src/sdk/index.ts"

/** Somebody who is mailed. */
export type SimLead = LeadInput & { readonly id: string }

/** Everybody who is mailed in a world. */
export const leadsOf = (count: number): ReadonlyArray<SimLead> =>
  Array.from({ length: count }, (_, index) => ({ id: `lead-${index}`, email: `lead-${index}@x.test` }))
