/**
 * A command that came from another thread, on the side of the actor: it is obeyed, and answered once.
 */
import * as Schema from "effect/Schema"
import { forgotten } from "../../actor/ExitReason.ts"
import { type Answer, type Command, isOfLink, statuses, STOP } from "../../actor/kernel/Command.ts"
import type { Counted } from "../../actor/kernel/Counted.ts"
import { LocalShard } from "../../actor/kernel/LocalShard.ts"
import type { SpscReader } from "../../memory/SpscRing.ts"
import * as Codec from "../../wire/Codec.ts"
import { BRIEF, Defect, portable } from "../../wire/kernel/Defect.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import * as Linker from "./linker.ts"
import type { Outbound } from "./outbound.ts"
import * as Waiting from "./waiting.ts"

/** Reads the command at `offset` and has its actor obey it. */
export const obey = (
  home: Home,
  outbound: Outbound,
  { end, region, type }: SpscReader,
  offset: number
): void => {
  const { actor, command: given, epoch, key, number } = Envelope.readCommand(region, offset, end, type)
  const command = isOfLink(given.kind)
    ? { ...given, by: Linker.read(home, region, offset + Envelope.COMMAND_BYTES, end) }
    : given
  const resident = home.cellAt(actor, epoch)
  const answered = (answer: Answer) => reply(home, outbound, number, command, answer)
  if (resident === undefined) answered({ _tag: "Ended", reason: forgotten })
  else if (!(resident instanceof LocalShard)) resident.command(command, answered)
  else if (key === undefined) answered({ _tag: "Ended", reason: forgotten })
  else resident.commandAt(key, command, answered)
}

const reply = (home: Home, outbound: Outbound, number: number, { kind }: Command, answer: Answer): void => {
  const { host, index, reports } = home
  switch (answer._tag) {
    case "Done":
      return outbound.isDown ? undefined : outbound.control.words(typeOf(Envelope.OBEYED), number, 0, true)
    case "Pong": {
      if (outbound.isDown) return
      const { putOff, restarts, status, waiting, waitingHigh, waitingLow } = answer.pong
      const how = statuses.indexOf(status)
      const words = Uint32Array.of(number, how, waiting, restarts, waitingHigh, waitingLow, putOff)
      return outbound.control.record(typeOf(Envelope.PONG), new Uint8Array(words.buffer), true)
    }
    case "Counted":
      // Two words and what there is of its times: it fits beside the messages.
      if (!outbound.isDown) {
        outbound.coded(outbound.control, typeOf(Envelope.COUNTED), number, 0, counted, answer.counted)
      }
      return
    case "Waits":
      return Waiting.send(home, outbound, typeOf(Envelope.WAITING_FOR), number, answer.waits)
    case "State":
      return shown(outbound, Envelope.STATE, number, answer.state)
    case "Died":
      return shown(outbound, Envelope.STATE_DIED, number, answer.defect)
    case "Ended": {
      // What ends because its worker leaves comes back with the next one, where the command is given again.
      if (index !== 0 && host.isLeaving) return
      const { reason } = answer
      const type = typeOf(Envelope.NOT_HANDLED_STOPPED)
      return reports.afterEnd(() => {
        if (outbound.isDown) return
        // What the actor has told the one who has stopped it comes before the answer.
        ExitRecord.send(outbound, kind === STOP ? outbound.data : outbound.control, type, number, 0, reason)
      })
    }
    case "Lost":
      return
  }
}

const pairs = Schema.UndefinedOr(Schema.Array(Schema.Number))

/** The codec of what an actor has counted. */
export const counted: Codec.Codec<Counted> = Codec.compile(Schema.Struct({
  actors: Schema.Number,
  processed: Schema.Number,
  failed: Schema.Number,
  dropped: Schema.Number,
  restarts: Schema.Number,
  pending: Schema.Number,
  waitingSenders: Schema.Number,
  oldestMillis: Schema.Number,
  waits: pairs,
  handlings: pairs
}))

/** The codec of what an actor shows. */
export const state = Codec.compile(Defect)

// It may be large, and is asked for to be looked at: its place is among the messages.
const shown = (outbound: Outbound, outcome: number, number: number, value: unknown): void => {
  if (outbound.isDown || outbound.coded(outbound.data, typeOf(outcome), number, 0, state, value)) return
  outbound.coded(outbound.data, typeOf(outcome), number, 0, state, portable(value, BRIEF))
}

const typeOf = (outcome: number): number => Envelope.typeOf(Envelope.REPLY, outcome, 0)
