/** Groups over real threads; all that is promised of them is held in simulations (`test/simulate/contract.test.ts`, `test/simulate/groups.ts`). */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { eventually } from "../contract/eventually.ts"
import { Agent, keysOf, Member } from "../fixtures/groups.ts"
import { crew, threads, within } from "./threads.ts"

describe("groups on a thread that dies", () => {
  it.live("lose what that had made members, everywhere, and keep its members that come back; its next incarnation knows them", () =>
    within(
      threads({ spawn: crew("groups").spawn, threads: 2 }),
      Effect.gen(function*() {
        const [doomed, other] = yield* Effect.forEach(
          [0, 1] as const,
          (thread) =>
            Effect.all([
              Agent.spawn(`a${thread}`, { placement: { thread } }),
              Member.spawn(`m${thread}`, { placement: { thread } })
            ])
        )
        const [agent, member] = doomed
        const [otherAgent, otherMember] = other!
        const group = Member.group("g")
        const see = (keys: ReadonlyArray<string>) =>
          Effect.forEach(
            [
              Effect.map(group.members, keysOf),
              ...[agent, otherAgent].map((a) => Effect.orElseSucceed(a.ask.Members({ group: "g" }), () => []))
            ],
            (look) => eventually(look, (seen) => seen.join() === keys.join(), `the members are ${keys.join(" and ")}`)
          )
        yield* agent.ask.Join({ group: "g", who: otherMember })
        yield* otherAgent.ask.Join({ group: "g", who: member })
        yield* see(["m0", "m1"])
        yield* member.tell.Exit()
        yield* see(["m0"])
        assert.strictEqual((yield* group.publish.Said({ n: 1 })).reached, 1)
        const heard = Effect.orElseSucceed(member.ask.Heard(), () => [])
        assert.deepStrictEqual(
          yield* eventually(heard, ({ length }) => length > 0, "it is told, once it has come back"),
          [1]
        )
      })
    ))
})
