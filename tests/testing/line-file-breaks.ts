/** What an author may get wrong in a file of lines: the text of the example, what stands there instead, and what tells. */
export const lineFileBreaks: Readonly<
  Record<string, { readonly change: readonly [string, string]; readonly rule: RegExp }>
> = {
  "it is read in another encoding than it was written in": {
    change: ['bytes.toString("utf8", 0, end)', 'bytes.toString("latin1", 0, end)'],
    rule: /not ok .* keep every character/,
  },
  "a line that a crash cut off is read as the others": {
    change: ['end = bytes.lastIndexOf("\\n") + 1', "end = bytes.length"],
    rule: /not ok .* finds what was acknowledged after a crash/,
  },
  "what a crash left is not cut away before the next line": {
    change: ["          ftruncateSync(file, end)\n", ""],
    rule: /not ok .* finds what was acknowledged after a crash/,
  },
  "success is answered before anything is written": {
    change: [
      "          appendFileSync(file, line, { flush: true })\n",
      "          setTimeout(() => appendFileSync(path, line), 1_000).unref()\n",
    ],
    rule: /not ok .* finds everything again that was acknowledged/,
  },
  "what was deleted comes back": {
    change: ["JSON.parse(line)))", "JSON.parse(line)).filter(([, value]) => value !== null))"],
    rule: /not ok .* can be deleted/,
  },
  "only the newest line is kept": {
    change: ["ftruncateSync(file, end)", "ftruncateSync(file, 0)"],
    rule: /not ok .* finds everything again that was acknowledged/,
  },
}
