/**
 * Mebibytes to another thread and back, moved, shared or copied.
 */
import type { Case, Params } from "../../runner/Case.ts"

const peer = (how: "transfer" | "copy" | "shared") => async (params: Params) =>
  (await import("../../peers/post-message/move.ts")).move(how)(params)

const ours = (mode: "message" | "handle") => async (params: Params) =>
  (await import("../../ours/arena.ts")).move(mode)(params)

/** See the module. */
export const arena: Case = {
  name: "memory/arena",
  about: "1 MiB to another thread and back, 8 on their way; a word of every page is written, changed there, read here",
  unit: "us",
  betterIs: "lower",
  count: 2000,
  quickCount: 200,
  subjects: {
    "shared-nothing": { run: ours("message") },
    "shared-nothing-handle": { run: ours("handle") },
    "postMessage-transfer": { run: peer("transfer") },
    "postMessage-shared": { run: peer("shared") },
    "postMessage-copy": { count: 300, run: peer("copy") }
  }
}
