/**
 * What a template may cost. Handlebars alone has no limits: 100 KB of `{{a}}` took 5 s and 528 MB to compile, 88 bytes of
 * nested `each` wrote 80 MB.
 */
export const limits = {
  /** Characters of one part of a template (subject, body, text) with its partials inserted. */
  sourceChars: 256 * 1024,
  /** Characters of the HTML that MJML made of it. */
  compiledChars: 1024 * 1024,
  /** Handlebars tags in one part; MJML may write a tag twice (a background stands in HTML and in VML). */
  tags: 2_000,
  compiledTags: 4_000,
  /** Nodes of the Handlebars syntax tree of one part. */
  nodes: 2_000,
  compiledNodes: 4_000,
  /** Nesting of blocks and sub-expressions. */
  nesting: 32,
  /** Characters of one tag. */
  tagChars: 4_096,
  /** Partials inside partials. */
  partialDepth: 16,
  /** Locales of one template. */
  locales: 100,
  /** UTF-8 bytes of each rendered part. */
  outputBytes: 1024 * 1024,
  /** Characters of all values of one mail, keys included. */
  dataChars: 1024 * 1024,
  /** Nesting of the values of one mail. */
  dataDepth: 32,
  /** Rounds of all `each` blocks of one part together. */
  rounds: 10_000,
  /** Characters of a rendered subject. RFC 5322 2.1.1 limits a line to 998. */
  subjectChars: 900,
} as const
