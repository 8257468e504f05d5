import type { CampaignInput } from "sendstate/sdk"

/** Domain of the sender, and so of each Message-ID. */
const domain = "acme.example"

/** A week of campaign takes six seconds. */
export const speed = 100_000

/** Three mails over a week, to a mail server that cannot be trusted. */
export const campaign: CampaignInput = {
  id: "demo",
  from: `Ann from Acme <ann@${domain}>`,
  steps: [{ template: "welcome" }, { template: "tips", after: "3 days" }, { template: "offer", after: "4 days" }],
  retry: { attempts: 6, base: "10 minutes", factor: 2, cap: "4 hours", jitter: 0.2 },
  // What a newsletter wants: rather a second copy now and then than nothing. `hold` would wait for a person.
  onUnknown: "resend",
  locale: "en",
  timeZone: "UTC",
  unsubscribe: { url: `https://ledger.${domain}/unsubscribe?lead={leadId}` },
  variables: {
    tips: [
      { title: "Photograph receipts", text: "They file themselves." },
      { title: "Ask for the month", text: "Type “March” and see it." },
      { title: "Invite your accountant", text: "Reading costs nothing." },
    ],
  },
}

/** The Message-ID of an execution's mail: the same for all its attempts. */
export const messageIdOf = (executionId: string): string => `<${executionId}@${domain}>`
