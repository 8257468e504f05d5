/** What a lead pays for: its address decides. */
export const planOf = (email: string): "pro" | "free" => (email.length % 2 === 0 ? "pro" : "free")
