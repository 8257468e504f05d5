/** `2026-03-01 12:00:03Z`. */
export const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}Z`

/** `03-01 12:00:03Z`: for tables, where the year is known. */
export const shortTimeText = (at: number): string => timeText(at).slice(5)
