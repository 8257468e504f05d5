import type { Lead } from "../../sdk/index.ts"

/** What a campaign says about clocks. */
interface Zoned {
  readonly timeZone: string
  readonly calendar?: { readonly zone: "lead" | "campaign" }
}

/** Whose clock a lead's mails go by: its own, the campaign's where it has none or all go by the campaign's. */
export const zoneFor = (definition: Zoned, lead: Pick<Lead, "timeZone"> | undefined): string =>
  definition.calendar?.zone === "campaign" ? definition.timeZone : (lead?.timeZone ?? definition.timeZone)
