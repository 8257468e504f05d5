/** How a template may call one of the functions. */
export interface CallRule {
  readonly use: "value" | "block"
  readonly minArguments: number
  readonly maxArguments: number
  /** Named arguments; undefined means any. */
  readonly named: ReadonlyArray<string>
  readonly requiredNamed: ReadonlyArray<string>
  /** Whether the arguments may be missing from the data without an error. */
  readonly optional: boolean
  /** One example, for messages. */
  readonly example: string
}

const rule = (
  use: CallRule["use"],
  minArguments: number,
  maxArguments: number,
  example: string,
  more: Partial<CallRule> = {},
): CallRule => ({ use, minArguments, maxArguments, named: [], requiredNamed: [], optional: false, example, ...more })

/** Everything that a template may call. */
export const publicCalls: Readonly<Record<string, CallRule>> = {
  if: rule("block", 1, 1, "{{#if name}}...{{/if}}", { optional: true, named: ["includeZero"] }),
  unless: rule("block", 1, 1, "{{#unless name}}...{{/unless}}", { optional: true, named: ["includeZero"] }),
  each: rule("block", 1, 1, "{{#each items}}...{{/each}}"),
  with: rule("block", 1, 1, "{{#with company}}...{{/with}}"),
  date: rule("value", 1, 4, '{{date signupDate "long"}}', { named: ["format", "zone", "locale"] }),
  number: rule("value", 1, 1, "{{number count}}", { named: ["digits", "locale"] }),
  currency: rule("value", 2, 2, '{{currency balance "EUR"}}', { named: ["digits", "locale"] }),
  plural: rule("value", 1, 1, '{{plural days one="# day" other="# days"}}', {
    named: ["zero", "one", "two", "few", "many", "other", "locale"],
    requiredNamed: ["other"],
  }),
  default: rule("value", 2, 8, '{{default firstName "there"}}', { optional: true }),
  eq: rule("value", 2, 2, '{{#if (eq plan "pro")}}', { optional: true }),
}

/** What the compiler puts in itself where a value stands in a link or a style. Templates may not call these. */
export const internalCalls: Readonly<Record<string, CallRule>> = {
  "safe-url": rule("block", 0, 0, ""),
  "url-part": rule("value", 1, 1, ""),
  "css-value": rule("value", 1, 1, ""),
  "css-url": rule("value", 1, 1, ""),
}

/** The rule of that name; names of Object.prototype are no calls. */
export const ruleOf = (name: string, withInternal: boolean): CallRule | undefined => {
  if (Object.hasOwn(publicCalls, name)) return publicCalls[name]
  return withInternal && Object.hasOwn(internalCalls, name) ? internalCalls[name] : undefined
}
