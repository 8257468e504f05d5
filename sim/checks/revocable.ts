/** A wish that may be taken back: a grant counts only when no taking back was under way between question and answer. */
export class Revocable {
  #lifts = 0
  #open = 0
  #isGranted = false

  get isGranted(): boolean {
    return this.#isGranted
  }

  /** The wish is asked for; call what it answers when it was granted. */
  ask(): () => void {
    const lifts = this.#lifts
    const isClear = this.#open === 0
    return () => {
      if (isClear && this.#lifts === lifts) this.#isGranted = true
    }
  }

  /** It is taken back, from now on at some time; call what it answers when that was answered for certain. */
  lift(): () => void {
    this.#lifts += 1
    this.#open += 1
    this.#isGranted = false
    return () => {
      this.#open -= 1
    }
  }
}
