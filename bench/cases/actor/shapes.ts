/**
 * Many actors of one thread that send to each other: the shapes of the Savina suite.
 */
import * as Erlang from "../../peers/erlang/erlang.ts"
import type { Case } from "../../runner/Case.ts"
import type { ShapeName } from "../../runner/Shapes.ts"

const shape = (name: ShapeName, about: string): Case => ({
  name: `actor/${name}`,
  about: `${about}, in one thread`,
  unit: "ns/msg",
  betterIs: "lower",
  count: 200_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/shapes.ts")).effects(params, name) },
    "shared-nothing-unsafe": { run: async (params) => (await import("../../ours/shapes.ts")).calls(params, name) },
    erlang: { missing: Erlang.missing, run: Erlang.erlang(name) },
    xstate: {
      run: async (params) => {
        const [{ shape }, { actors }] = await Promise.all([
          import("../../peers/local.ts"),
          import("../../peers/xstate/xstate.ts")
        ])
        return shape(params, actors(), name)
      }
    },
    nact: {
      count: 20_000,
      run: async (params) => {
        const [{ shape }, { actors }] = await Promise.all([
          import("../../peers/local.ts"),
          import("../../peers/nact/nact.ts")
        ])
        return shape(params, actors(), name)
      }
    },
    "effect-cluster": {
      count: 2_000,
      run: async (params) => (await import("../../peers/effect-cluster/effect-cluster.ts")).shape(params, name)
    },
    "effect-queue": {
      count: 20_000,
      run: async (params) => (await import("../../peers/effect-queue/effect-queue.ts")).shape(params, name)
    }
  }
})

/** See the module. */
export const shapes: ReadonlyArray<Case> = [
  shape("ring", "one message that a hundred actors hand on"),
  shape("fan-in", "a hundred actors that send to one"),
  shape("fan-out", "one actor that sends to a hundred in turn"),
  shape("big", "a hundred actors, each of which sends to one at random, waits for its answer, and sends again")
]
