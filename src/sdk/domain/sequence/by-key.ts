import * as z from "zod"

/** Reports what another schema found as issues of this one. */
export const forward = <Out>(schema: z.ZodType<Out>, value: unknown, context: z.core.$RefinementCtx): Out => {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  for (const { path, message } of checked.error.issues) context.addIssue({ code: "custom", path, message })
  return z.NEVER
}

/**
 * An object that is checked by the shape of the first of these keys that it has: errors are about what was meant, and
 * not about every other shape too.
 *
 * @param hint What to say about one that has none of them.
 */
export const byKey = <Out>(shapes: Readonly<Record<string, z.ZodType<Out>>>, hint: string): z.ZodType<Out> =>
  z.unknown().transform((value, context): Out => {
    const isObject = typeof value === "object" && value !== null
    const shape = Object.entries(shapes).find(([key]) => isObject && key in value)?.[1]
    if (shape !== undefined) return forward(shape, value, context)
    context.addIssue({ code: "custom", message: hint })
    return z.NEVER
  }) as unknown as z.ZodType<Out>
