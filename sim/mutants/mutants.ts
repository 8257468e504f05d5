import type { Mutant } from "./mutant.ts"

/** The bugs that the simulation must find. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "the transport is called before the intent is durable",
    file: "actors/execution/attempt.ts",
    text: "const result = yield* commitForCertain(services, commit)\n    switch (result.type) {",
    replacement:
      "services.fork(commitForCertain(services, commit))\n    const result = { type: 'ok', version: commit.version + 1 } as const as import('../../sdk/index.ts').CommitResult\n    switch (result.type) {",
  },
  {
    name: "an unknown outcome is tried again",
    file: "actors/send-event.ts",
    text: `return { type: "UNKNOWN", at, stage: "invalid-outcome" }`,
    replacement: `return { type: "REJECTED", at, jitterUnit, scope: "sender", retryable: true, code: "invalid-outcome" }`,
  },
  {
    name: "a throw after the handoff is tried again",
    file: "actors/send-event.ts",
    text: 'return handedOff\n      ? { type: "UNKNOWN", at, stage: "transport-threw"',
    replacement: 'return handedOff && at < 0\n      ? { type: "UNKNOWN", at, stage: "transport-threw"',
  },
  {
    name: "campaigns are forgotten at a restart",
    file: "actors/runtime/runtime-actor.ts",
    text: "for (const record of yield* storedCampaigns(store)) if (!actors.has(record.id)) yield* spawn(record)",
    replacement: "for (const record of yield* storedCampaigns(store)) if (actors.has(record.id)) yield* spawn(record)",
  },
  {
    name: "one attempt too many",
    file: "sdk/retry-policy.ts",
    text: "if (question.used >= policy.attempts) return undefined",
    replacement: "if (question.used > policy.attempts) return undefined",
  },
  {
    name: "one attempt too few",
    file: "sdk/retry-policy.ts",
    text: "if (question.used >= policy.attempts) return undefined",
    replacement: "if (question.used + 1 >= policy.attempts) return undefined",
  },
  {
    name: "the server's wish for a later try is ignored",
    file: "sdk/retry-policy.ts",
    text: "question.retryAfterMs ?? 0)",
    replacement: "0)",
  },
  {
    name: "a flag that came while rendering is not seen by the intent",
    file: "sdk/storage/rules.ts",
    text: "if (!commit.receipt && row.flags.length > commit.appliedFlags)",
    replacement: "if (!commit.receipt && row.flags.length > commit.appliedFlags + 9)",
  },
  {
    name: "the pump sleeps until the next due time, however far",
    file: "actors/campaign/pump.ts",
    text: "Math.min(longestMs, nextAt - clock.currentTimeMillisUnsafe())",
    replacement: "nextAt - clock.currentTimeMillisUnsafe()",
  },
  {
    name: "success is answered before the sync",
    file: "sdk/storage/one-process/pipeline.ts",
    text: "    this.#busy = true\n    return written.then(",
    replacement:
      "    written.then(() => this.#written(), () => this.#written())\n    if (this.#storage !== '') return outcomes\n    return written.then(",
  },
  {
    name: "a receipt is dropped when its commit fails",
    file: "actors/execution/save.ts",
    text: 'Effect.retry({ while: (error) => !hasGivenUp() && error._tag === "StorageError" }),',
    replacement: "Effect.retry({ while: () => hasGivenUp() }),",
  },
  {
    name: "the next step is not planned in the commit that ends the one before",
    file: "actors/execution/progress.ts",
    text: "if (successor?.next !== undefined) return { plan: successor.next }",
    replacement: "if (successor?.next !== undefined) return {}",
  },
  {
    name: "suppression is not checked with the intent",
    file: "sdk/storage/rules.ts",
    text: "if (commit.requires.suppressionKeys.some(world.isSuppressed))",
    replacement: "if (commit.requires.suppressionKeys.every((key) => key === ''))",
  },
  {
    name: "a pause is not checked with the intent",
    file: "sdk/storage/rules.ts",
    text: `if (state !== "running")`,
    replacement: `if (state === "cancelled")`,
  },
  {
    name: "doubt ends as failed",
    file: "machines/execution.ts",
    text: '{ target: "inDoubt", actions: "noteDoubt" },',
    replacement: '{ target: "#execution.done", actions: "endAsSuppressed" },',
  },
  {
    name: "a lease is not fenced",
    file: "sdk/storage/rules.ts",
    text: "row.owner !== null && row.token === fence.token && row.version === fence.version && !isEnded(row)",
    replacement: "row.id === fence.id && !isEnded(row)",
  },
  {
    name: "counters drift",
    file: "sdk/storage/one-process/commits.ts",
    text: "  countsDelta(work.delta(execution.campaignId), null, stored.row)\n",
    replacement: "  if (execution.step !== 1) countsDelta(work.delta(execution.campaignId), null, stored.row)\n",
  },
  {
    name: "a late receipt is thrown away",
    file: "actors/sender.ts",
    text: "if (late !== undefined) request.onLate(late)",
    replacement: "",
  },
  {
    name: "an enrollment that is known is stored again",
    file: "sdk/storage/one-process/commits.ts",
    text: `if (!records.insertEnrollment(item.enrollment)) return "duplicate"`,
    replacement: `records.insertEnrollment(item.enrollment)`,
  },
  {
    name: "a process that was frozen since its intent calls all the same",
    file: "actors/execution/attempt.ts",
    text: "if (elapsedMs >= services.leases.graceMs)",
    replacement: "if (elapsedMs >= services.leases.graceMs * 1_000)",
  },
  {
    name: "somebody's opinion clears doubt",
    file: "machines/execution-context.ts",
    text: `(event.type === "LATE_RECEIPT" || event.by === "lookup" ? settle(`,
    replacement: `(event.type === "LATE_RECEIPT" || event.by !== "lookup" ? settle(`,
  },
  {
    name: "a receipt whose lease is lost is not handed in",
    file: "actors/execution/attempt.ts",
    text: `if (result.type === "leaseLost" && late !== undefined)`,
    replacement: `if (result.type === "missing" && late !== undefined)`,
  },
  {
    name: "a mail in doubt is handed to another transport",
    file: "actors/routing/choice.ts",
    text: "if (context.unknownAttempts.length > 0) return bound(mine, isLeft, mail, now)",
    replacement: "if (context.unknownAttempts.length > 99) return bound(mine, isLeft, mail, now)",
  },
  {
    name: "a mail of any size goes to the transport",
    file: "actors/execution/mail-size.ts",
    text: "if (bytes <= largestMailBytes) return",
    replacement: "if (bytes > 0) return",
  },
  {
    name: "an exit does not cancel what is planned or under way",
    file: "actors/events/signalling.ts",
    text: `return { type: "CANCEL", by: "exit", at: now }`,
    replacement: `return undefined`,
  },
  {
    name: "an event does not release the mail that waits for it",
    file: "actors/events/signalling.ts",
    text: `definition.steps[row.step]?.waitUntil === event`,
    replacement: `definition.steps[row.step]?.waitUntil !== event && now < 0`,
  },
  {
    name: "conditions are not asked",
    file: "actors/execution/journey.ts",
    text: `?.when?.find((question) => !isTrue(question.if, facts))`,
    replacement: `?.when?.find((question) => !isTrue(question.if, facts) && now < 0)`,
  },
  {
    name: "a side of a fork that is not taken is followed by its own next mail",
    file: "actors/campaign/planner.ts",
    text: `const index = ended.next ?? steps[ended.step]?.next ?? ended.step + 1`,
    replacement: `const index = steps[ended.step]?.next ?? ended.step + 1`,
  },
  {
    name: "hours are not looked at before a mail starts",
    file: "actors/execution/waiting.ts",
    text: `if (definition.calendar === undefined) return undefined`,
    replacement: `if (definition.calendar === undefined || now > 0) return undefined`,
  },
  {
    name: "a lead comes again while it is still in",
    file: "actors/campaign/entries.ts",
    text: `if (enrollment === undefined || enrollment.status === "active") continue`,
    replacement: `if (enrollment === undefined) continue`,
  },
  {
    name: "a round too many",
    file: "actors/campaign/timing.ts",
    text: `round >= repeat.times`,
    replacement: `round > repeat.times`,
  },
]
