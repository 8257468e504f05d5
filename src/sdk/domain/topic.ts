import * as z from "zod"

/**
 * What a campaign is about, as its recipients see it: who wants no more of one topic may still get the others. Letters
 * and digits, joined by single dots, dashes and underscores; at most 100, in any case. Compared in lower case.
 */
export const topicSchema = z
  .string()
  .max(100)
  .regex(
    /^[a-zA-Z0-9]+(?:[._-][a-zA-Z0-9]+)*$/,
    "a topic has letters and digits, joined by single dots, dashes or underscores, at most 100",
  )
  .transform((topic) => topic.toLowerCase())
