/**
 * Messages one way from one thread to another.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const remote: Case = {
  name: "channel/remote",
  about: "one way from one thread to another, a typed message { id: u32, a: u32, b: f64 }",
  unit: "ns/msg",
  betterIs: "lower",
  count: 500_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/channelRemote.ts")).oneWay("oneByOne")(params)
    },
    "shared-nothing-unsafe": {
      run: async (params) => (await import("../../ours/channelRemote.ts")).oneWay("unsafe")(params)
    },
    "message-channel": {
      count: 50_000,
      run: async (params) => (await import("../../peers/message-channel/message-channel.ts")).oneWay(params)
    },
    "ringbuf.js": {
      count: 300_000,
      run: async (params) => (await import("../../peers/ringbuf/ringbuf.ts")).spsc(1)(params)
    }
  }
}
