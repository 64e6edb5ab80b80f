/** What comes by an adapter from another thread leaves nothing behind: neither credit nor asks nor slots. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Actor } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import { TAKEN } from "../../src/actor/kernel/Recipient.ts"
import { Behaviours, Job, Printing } from "../fixtures/adapters.ts"
import { accounts, stage, ZERO } from "./stage.ts"

const [printed, jammed, more] = [0, 1, 2]

describe("an adapter that is spoken to from another thread", () => {
  it.effect("gives all credit back, and every ask its outcome, also when its incarnation ends in between", () =>
    Effect.scoped(Effect.gen(function*() {
      const { errors, nodes, spawn, steps } = yield* stage({ behaviours: Behaviours })
      const { cell } = yield* spawn(0, Job.protocol, "a")
      let by: Actor.Ref<typeof Printing> | undefined
      cell.askUnsafe(Job.protocol.tags.indexOf("Hand"), undefined, Infinity, (exit) => {
        by = Exit.getSuccess(exit).pipe((found) => found._tag === "Some" ? found.value as typeof by : undefined)
      })
      const address = nodes[0]!.addressOf(recipientOf(by!))
      assert.deepInclude(address, { thread: 0, key: "Job/a", layoutHash: Printing.protocol.layoutHash })
      assert.strictEqual(nodes[0]!.recipientAt(address, Printing.protocol), recipientOf(by!))
      const remote = nodes[1]!.recipientAt(address, Printing.protocol)
      const outcomes: Array<string> = []
      const note = (exit: Exit.Exit<unknown, unknown>) => void outcomes.push(String(exit))
      for (let round = 0; round < 5; round++) {
        for (let n = 0; n < 20; n++) {
          remote.tell(printed, { page: 100 * round + n }, undefined)
          remote.tell(jammed, undefined, undefined)
          const ask = remote.askUnsafe(more, { page: n % 7 }, Infinity, note)
          if (n % 3 === 0) ask?.withdraw()
          steps.settle()
        }
        // The handler that waits is interrupted with its asker; who is left waits in the mailbox.
        const hanging = remote.askUnsafe(more, { page: -1 }, Infinity, note)
        remote.askUnsafe(more, { page: 3 }, Infinity, note)
        steps.settle()
        hanging?.withdraw()
        steps.settle()
      }
      assert.isAbove(outcomes.filter((outcome) => outcome.includes("Refused")).length, 0)
      // It ends with its incarnation, and says so.
      remote.askUnsafe(more, { page: 13 }, Infinity, note)
      steps.settle()
      remote.tell(printed, { page: 1 }, undefined)
      const late: Array<string> = []
      remote.askUnsafe(more, { page: 1 }, Infinity, (exit) => void late.push(String(exit)))
      steps.settle()
      assert.include(late.join(), "ActorStopped")
      assert.notStrictEqual(remote.tell(printed, { page: 1 }, undefined), TAKEN)
      steps.settle()
      assert.deepStrictEqual(errors, [])
      for (const node of nodes) assert.deepStrictEqual(accounts(node), ZERO)
      assert.isUndefined(nodes[0]!.home.cellAt(address.actor, address.epoch))
    })))
})
