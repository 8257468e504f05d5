/** The unit of work of all comparisons: a subject and an 11 KB body with 16 variables. */
export const variables = [
  "firstName",
  "company",
  "plan",
  "city",
  "balance",
  "score",
  "team",
  "seats",
  "used",
  "coupon",
  "expires",
  "manager",
  "product",
  "region",
  "ticket",
  "link",
] as const

const row = (name: string, index: number): string =>
  `<tr><td style="padding:12px 24px;font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:22px;color:#333333;border-bottom:1px solid #eeeeee"><strong style="display:inline-block;min-width:120px;color:#666666;text-transform:uppercase;letter-spacing:0.04em;font-size:11px">Section ${index + 1}</strong> <span style="color:#111111">{{${name}}}</span>. ${"We wrote this sentence so that the mail has a real size. ".repeat(6)}</td></tr>`

/** Handlebars, already HTML: what MJML would have made. */
export const template = {
  subject: "{{firstName}}, your {{plan}} plan in {{city}}",
  html: `<!doctype html><html><body style="margin:0;background:#f6f6f6"><table role="presentation" width="100%">${variables.map(row).join("")}</table></body></html>`,
}

/** One person's values; different for each index. */
export const valuesOf = (index: number): Record<string, string> =>
  Object.fromEntries(variables.map((name, position) => [name, `${name}-${(index * 31 + position * 17) % 9973}`]))

/** Leads without end, cheap to make. */
export function* leads(count: number): Generator<{ email: string; name: string; data: Record<string, string> }> {
  for (let index = 0; index < count; index += 1)
    yield { email: `person-${index}@example.test`, name: `Person ${index}`, data: valuesOf(index) }
}
