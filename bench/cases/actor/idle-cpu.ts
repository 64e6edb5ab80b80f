/**
 * What four worker threads cost while nothing happens: a system of ours, and bare workers that wait for a message.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. The count is the window in milliseconds. */
export const idleCpu: Case = {
  name: "actor/idle-cpu",
  about: "processor time of four idle worker threads, over 5 s, of one core",
  unit: "percent",
  betterIs: "lower",
  count: 5_000,
  quickCount: 500,
  samples: 1,
  warmups: 0,
  together: true,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/idle.ts")).idle(params) },
    "bare-workers": { run: async (params) => (await import("../../peers/bare-worker/bare-worker.ts")).idle(params) }
  }
}
