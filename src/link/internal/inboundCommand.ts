/**
 * A command that came from another thread, on the side of the actor: it is obeyed, and answered once.
 */
import { forgotten } from "../../actor/ExitReason.ts"
import { type Answer, statuses } from "../../actor/kernel/Command.ts"
import type { SpscReader } from "../../memory/SpscRing.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import type { Outbound } from "./outbound.ts"

/** Reads the command at `offset` and has its actor obey it. */
export const obey = (
  home: Home,
  outbound: Outbound,
  { end, region, type }: SpscReader,
  offset: number
): void => {
  const { actor, command, epoch, number } = Envelope.readCommand(region, offset, end, type)
  const cell = home.cellAt(actor, epoch)
  const answered = (answer: Answer) => reply(home, outbound, number, answer)
  if (cell === undefined) answered({ _tag: "Ended", reason: forgotten })
  else cell.command(command, answered)
}

const reply = (home: Home, outbound: Outbound, number: number, answer: Answer): void => {
  const { host, index, reports } = home
  switch (answer._tag) {
    case "Done":
      return outbound.isDown ? undefined : outbound.control.words(typeOf(Envelope.OBEYED), number, 0, true)
    case "Pong": {
      if (outbound.isDown) return
      const { restarts, status, waiting } = answer.pong
      const words = Uint32Array.of(number, statuses.indexOf(status), waiting, restarts)
      return outbound.control.record(typeOf(Envelope.PONG), new Uint8Array(words.buffer), true)
    }
    case "Ended": {
      // What ends because its worker leaves comes back with the next one, where the command is given again.
      if (index !== 0 && host.isLeaving) return
      const { reason } = answer
      const type = typeOf(Envelope.NOT_HANDLED_STOPPED)
      return reports.afterEnd(() => {
        if (!outbound.isDown) ExitRecord.send(outbound, outbound.control, type, number, 0, reason)
      })
    }
    case "Lost":
      return
  }
}

const typeOf = (outcome: number): number => Envelope.typeOf(Envelope.REPLY, outcome, 0)
