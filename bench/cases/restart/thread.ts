/**
 * From the end of a worker thread to the next answer of an actor that lived on it, against starting a worker at all.
 */
import type { Case } from "../../runner/Case.ts"
import { eitherBundle } from "../system/threads.ts"

const peers: Case["subjects"] = {
  "bare-worker": {
    run: async (params) =>
      (await import("../../peers/bare-worker/bare-worker.ts")).start("./bare-worker.worker.ts")(params)
  },
  "bare-worker-with-effect": {
    run: async (params) => (await import("../../peers/bare-worker/bare-worker.ts")).start("./loaded.worker.ts")(params)
  }
}

/** With a thread that stands by. */
export const threadStandby: Case = {
  name: "restart/thread-standby",
  about: "the same with `standby: 1`: a thread that is loaded takes over",
  unit: "us",
  betterIs: "lower",
  count: 1,
  quickCount: 1,
  samples: 5,
  warmups: 1,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/restart.ts")).thread(1)(params) },
    ...peers
  }
}

/** See the module. */
export const thread: Case = {
  name: "restart/thread",
  about: "from terminate() of a thread until its actor answers again; peers: start of a worker until it answers",
  unit: "us",
  betterIs: "lower",
  count: 1,
  quickCount: 1,
  samples: 3,
  warmups: 1,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/restart.ts")).thread(0)(params) },
    ...peers
  }
}

/** With a worker whose file is one module. */
export const threadBundled: Case = {
  name: "restart/thread-bundled",
  about: "the same as restart/thread with a bundled worker file; peer: a bare worker that loads the same file",
  unit: "us",
  betterIs: "lower",
  count: 1,
  quickCount: 1,
  samples: 5,
  warmups: 1,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/restart.ts")).bundled(eitherBundle)(params) },
    "bare-worker": {
      run: async (params) => (await import("../../peers/bare-worker/bare-worker.ts")).startOf(eitherBundle)(params)
    }
  }
}
