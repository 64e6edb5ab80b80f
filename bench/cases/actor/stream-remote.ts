/**
 * A stream that an actor on another thread answers with, beside a channel from thread to thread.
 */
import type { Case } from "../../runner/Case.ts"

const caseOf = (name: string, about: string, oneByOne: boolean): Case => ({
  name,
  about: `a stream of { id: u32, a: u32, b: f64 } in answer to an ask of an actor on another thread, ${about}`,
  unit: "ns/msg",
  betterIs: "lower",
  count: 500_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/remote.ts")).stream(oneByOne)(params) },
    channel: {
      run: async (params) =>
        (await import("../../ours/channelRemote.ts")).oneWay(oneByOne ? "oneByOne" : "unsafe")(params)
    },
    "effect-rpc": {
      count: 50_000,
      run: async (params) => (await import("../../peers/effect-rpc/effect-rpc.ts")).stream(oneByOne)(params)
    }
  }
})

/** See the module. */
export const streamRemote = caseOf("actor/stream-remote", "each element an effect on both sides", true)

/** The same in chunks. */
export const streamRemoteBatched = caseOf("actor/stream-remote-batched", "in chunks as they come", false)
