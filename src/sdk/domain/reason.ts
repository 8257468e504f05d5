/** Why an execution stands where it stands: a stable code and, where there is one, a text without addresses. */
export interface Reason {
  readonly code: string
  /** The other side's words, or what is waited for. */
  readonly text?: string
}
