import { handlebars } from "sendstate/renderer/handlebars"
import type { CampaignInput, LeadInput, Renderer } from "sendstate/sdk"

const real = handlebars({
  templates: {
    hello: { subject: "Hello {{lead.email}}", html: "<p>Hello {{lead.email}}</p>" },
    nudge: { subject: "Nudge {{lead.email}}", html: "<p>Still there, {{lead.email}}?</p>" },
    last: { subject: "Last {{lead.email}}", html: "<p>Good bye {{lead.email}}</p>" },
    picky: { subject: "Offer", html: "<p>Only for you, {{city}}</p>" },
    dated: { subject: "Dated", html: "<p>{{date now}}</p>" },
  },
})

const compiled = new Map<string, ReturnType<Renderer["compile"]>>()

/** The templates of all tests; `picky` needs a value that not every lead has. Each is compiled once per file. */
export const renderer = (changes: Partial<Renderer> = {}): Renderer => ({
  name: real.name,
  version: real.version,
  load: real.load,
  compile: (source, options) => {
    const known = compiled.get(source.name) ?? real.compile(source, options)
    compiled.set(source.name, known)
    return known
  },
  prepare: real.prepare,
  ...changes,
})

/** A campaign of one mail, changed as asked. */
export const campaign = (changes: Partial<CampaignInput> = {}): CampaignInput => ({
  id: "spring",
  from: "Ann <ann@acme.test>",
  steps: [{ template: "hello" }],
  retry: { base: "1 second", jitter: 0 },
  ...changes,
})

/** Leads by name, at `example.test`. */
export const people = (...names: ReadonlyArray<string>): ReadonlyArray<LeadInput> =>
  names.map((name) => ({ email: `${name}@example.test` }))

/** So many leads: `lead0@example.test` and on. */
export const crowd = (size: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: size }, (_, index) => ({ email: `lead${index}@example.test` }))
