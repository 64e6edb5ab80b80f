/**
 * What decides by itself how many workers a pool has: what there is to do (`sizing.ts`), and which of them block (`compensation.ts`).
 */
import * as Effect from "effect/Effect"
import type { Deadlines } from "../../actor/kernel/Deadlines.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import type { Memory } from "../../thread/kernel/Heap.ts"
import { type Blocked, compensate } from "./compensation.ts"
import * as Crew from "./crew.ts"
import { Gauge } from "./gauge.ts"
import type { Resolved } from "./options.ts"
import * as Sizing from "./sizing.ts"

/** The pool. */
export interface Scaled extends Crew.Crew {
  readonly protocol: Protocol
  readonly settings: Resolved
  readonly deadlines: Deadlines
  readonly blocked: Blocked
  /** What the process has of memory. */
  readonly memoryOf: () => Memory
  readonly log: (entry: Effect.Effect<void>) => void
}

/** Has one more for each worker that blocks. */
export const standIn = (owner: Scaled, rules: Sizing.Rules): Effect.Effect<never> => {
  const { access, blocked, deadlines, log, memoryOf, protocol, settings, tell } = owner
  const { cooldownMillis } = rules
  const gauge = new Gauge(access, settings.concurrency, () => blocked.count, memoryOf)
  return compensate({
    crew: owner,
    blocked,
    cooldownMillis,
    look: () => gauge.look(deadlines.now()),
    isShort: (signal) => Sizing.isShort(signal, rules),
    held: (wanted, signal) => tell({ _tag: "GrowthHeld", size: signal.size, wanted, why: "blocking", signal }),
    failed: ({ message }) =>
      log(
        Effect.logWarning(`${actorName(protocol, settings.key)}: nobody stands in for a worker that blocks: ${message}`)
      )
  })
}

/** Has as many workers as there is to do. */
export const follow = (owner: Scaled, rules: Sizing.Rules): Effect.Effect<never> => {
  const { access, deadlines, log, memoryOf, protocol, settings, tell } = owner
  const gauge = new Gauge(access, settings.concurrency, () => owner.blocked.count, memoryOf)
  return Sizing.follow({
    rules,
    compensated: () => owner.compensated,
    now: () => deadlines.now(),
    look: (nowMillis) => gauge.look(nowMillis),
    change: ({ size, why }, signal) =>
      Effect.match(Crew.change(owner, size, { why, signal }), {
        onFailure: ({ message }) => {
          log(Effect.logWarning(`${actorName(protocol, settings.key)} could not have ${size} workers: ${message}`))
          return false
        },
        onSuccess: () => true
      }),
    held: ({ size: wanted }, signal) => tell({ _tag: "GrowthHeld", size: signal.size, wanted, why: "waiting", signal })
  })
}
