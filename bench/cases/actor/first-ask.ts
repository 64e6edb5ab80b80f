/**
 * The first question of a program to an actor on another thread, and its answer, when the thread has said that it is ready.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. One sample a process. */
export const firstAsk: Case = {
  name: "actor/first-ask",
  about: "the first ask of a process, to an actor on another thread that has just been spawned",
  unit: "us",
  betterIs: "lower",
  count: 1,
  quickCount: 1,
  subjects: {
    "shared-nothing": { run: async () => (await import("../../ours/remote.ts")).firstAsk() },
    postMessage: { run: async () => (await import("../../peers/post-message/post-message.ts")).firstAsk() }
  }
}
