/**
 * A row of the table on a thread that is no worker: who submits by it, and who looks for what comes back.
 */
import type { Deadlines } from "../../actor/kernel/Deadlines.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import { inject } from "../kernel/Injectors.ts"
import { attemptsOf } from "./attempts.ts"
import type { Overdue } from "./control.ts"
import { DeskWait } from "./desk.ts"
import type { Access } from "./memory.ts"
import type { Resolved } from "./options.ts"
import { Pace } from "./pace.ts"
import type { Hosted } from "./streamProtocol.ts"
import { Submitter } from "./submitter.ts"
import type { Options } from "./submitterOptions.ts"

/** See the module. */
export interface Row {
  readonly submitter: Submitter
  readonly desk: DeskWait
}

/** What a row is opened with. */
export interface RowGround extends Pick<Options, "sharesTime" | "whyEnded" | "whyDown" | "failed"> {
  readonly protocol: Protocol
  readonly hosted: Hosted
  readonly settings: Pick<Resolved, "key" | "capacity" | "overflow" | "graceMillis" | "runMillis" | "mayNap">
  /** Jobs that run at once at most. */
  readonly parallelism: number
  readonly access: Access
  readonly deadlines: Deadlines
}

/** Opens a row on this thread. */
export const openRow = (
  { access, deadlines, failed, hosted, parallelism, protocol, settings, sharesTime, whyDown, whyEnded }: RowGround,
  row: number,
  overdue: (overdue: Overdue) => void
): Row => {
  const { capacity, graceMillis, key, mayNap, overflow, runMillis } = settings
  const name = actorName(protocol, key)
  const broken = (error: unknown) => failed(`a turn of ${name}`, error)
  const desk: DeskWait = new DeskWait(access, row, new Pace(mayNap, parallelism), () => submitter, broken)
  const submitter: Submitter = new Submitter(access, {
    name,
    row,
    capacity,
    deadlines,
    messages: hosted.messages,
    defined: protocol.messages.length,
    attempts: attemptsOf(hosted),
    levels: hosted.levels,
    runMillis,
    sheds: overflow === "dropOldest",
    put: (slot) => inject(access, slot),
    watch: () => desk.watch(),
    sharesTime,
    whyEnded,
    graceMillis,
    overdue: (number, tag) => overdue({ number, tag }),
    whyDown,
    failed
  })
  return { submitter, desk }
}
