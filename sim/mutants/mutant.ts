/** A bug to plant: a text of a production file and what stands there instead while the bug lives. */
export interface Mutant {
  /** What is wrong, in the product's words. */
  readonly name: string
  /** Below `src/`. */
  readonly file: string
  /** Must stand there exactly once, so that a mutant cannot rot unnoticed. */
  readonly text: string
  readonly replacement: string
}
