/**
 * Starting idle actors, each addressable and supervised as its system does it, and what they weigh.
 *
 * Every actor holds one number and proves afterwards, outside of the measurement, that it still has it.
 */
import type { Build } from "../../ours/actors.ts"
import * as Erlang from "../../peers/erlang/erlang.ts"
import type { Case, Subject } from "../../runner/Case.ts"

type Figure = "rate" | "memory"

const one = (figure: Figure, build: Build): Subject => ({
  run: async (params) => (await import("../../ours/local.ts")).idle(params, figure, build)
})

const ours = (figure: Figure): { readonly [name: string]: Subject } => ({
  "shared-nothing": one(figure, "asks"),
  "shared-nothing-function": one(figure, "function")
})

const erlang = (figure: Figure): Subject => ({
  missing: Erlang.missing,
  run: Erlang.erlang(figure === "rate" ? "spawn" : "memory")
})

const peers = (figure: Figure): { readonly [name: string]: Subject } => ({
  nact: {
    run: async (params) => {
      const [{ spawn }, { actors }] = await Promise.all([
        import("../../peers/local.ts"),
        import("../../peers/nact/nact.ts")
      ])
      return spawn(params, actors(), figure)
    }
  },
  xstate: {
    run: async (params) => {
      const [{ spawn }, { actors }] = await Promise.all([
        import("../../peers/local.ts"),
        import("../../peers/xstate/xstate.ts")
      ])
      return spawn(params, actors(), figure)
    }
  },
  "effect-queue": {
    run: async (params) => (await import("../../peers/effect-queue/effect-queue.ts")).idle(params, figure)
  }
})

const once = { samples: 1, warmups: 0 } as const

/** A hundred thousand at once. */
export const spawn: Case = {
  ...once,
  name: "actor/spawn",
  about: "100,000 idle actors started, in a fresh process",
  unit: "actors/s",
  betterIs: "higher",
  count: 100_000,
  quickCount: 5_000,
  subjects: { ...ours("rate"), erlang: erlang("rate"), ...peers("rate") }
}

/** A million at once; only Erlang keeps us company, the others need gigabytes and minutes for it. */
export const spawnMillion: Case = {
  ...once,
  name: "actor/spawn-million",
  about: "1,000,000 idle actors started, in a fresh process",
  unit: "actors/s",
  betterIs: "higher",
  count: 1_000_000,
  quickCount: 20_000,
  subjects: { ...ours("rate"), erlang: erlang("rate") }
}

/** What one of a hundred thousand weighs. */
export const memory: Case = {
  ...once,
  name: "actor/memory",
  about: "memory for each of 100,000 idle actors after garbage collection",
  unit: "bytes",
  betterIs: "lower",
  count: 100_000,
  quickCount: 5_000,
  subjects: { ...ours("memory"), erlang: erlang("memory"), ...peers("memory") }
}
