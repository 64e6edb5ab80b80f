/** Groups over threads that die: who joins, leaves, ends and looks at the same time, and whether all threads agree in the end. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ActorSystem, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { Agent, Behaviours, keysOf, Member } from "../fixtures/groups.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

const GROUP = "g"
const group = Member.group(GROUP)
const brief = { timeout: "1 second" } as const

/** Who looks at the group has seen these, and what it saw that cannot be. */
let seen = new Set<string>()
let wrong = ""
/**
 * How often each member has been taken out, and how many may still do that: a handler gives way between joining it and looking, and another thread that
 * has heard of the membership by then takes that out too. To let go of one takes out only what the same agent has joined, which has one handler at a time.
 */
let takes = new Map<string, { begun: number; open: number }>()

const takesOf = (key: string) => takes.get(key) ?? { begun: 0, open: 0 }

const taking = (key: string, asking: Effect.Effect<unknown, unknown>) =>
  Effect.suspend(() => {
    const { begun, open } = takesOf(key)
    takes.set(key, { begun: begun + 1, open: open + 1 })
    const done = Effect.sync(() => takes.set(key, { ...takesOf(key), open: takesOf(key).open - 1 }))
    return Effect.exit(Effect.tap(asking, () => done))
  })

const look = Stream.runForEach(group.monitor, ({ _tag, ref: { key } }) =>
  Effect.sync(() => {
    const isJoined = _tag === "Joined"
    if (seen.has(key) === isJoined) wrong = `${key} ${_tag} twice`
    if (isJoined) seen.add(key)
    else seen.delete(key)
  }))

const setUp = Effect.gen(function*() {
  seen = new Set()
  wrong = ""
  takes = new Map()
  yield* Invariant.always("who looks sees each change once, and who joins sees that at once", () => wrong === "")
  const members = yield* Effect.forEach([0, 1, 2, 3], (i) =>
    Effect.gen(function*() {
      const life = yield* Scope.make()
      yield* Effect.addFinalizer(() => Scope.close(life, Exit.void))
      return { ref: yield* Scope.provide(Member.spawn(`m${i}`, i < 3 ? at(i) : { placement: "here" }), life), life }
    }))
  const agents = yield* Effect.forEach([0, 1], (i) => Agent.spawn(`a${i}`, at(i)))
  yield* Effect.forkScoped(look)
  return { members, agents: [...agents, yield* Agent.spawn("here", { placement: "here" })] }
})

const program = Effect.fnUntraced(function*({ agents, members }: Effect.Success<typeof setUp>) {
  const ended = new Set<string>()
  let lost = 0
  let published = 0
  const client = Effect.gen(function*() {
    for (let left = yield* Simulation.draw(16); left > 0; left--) {
      const { life, ref: who } = members[yield* Simulation.draw(members.length)]!
      const agent = agents[yield* Simulation.draw(agents.length)]!
      switch (yield* Simulation.draw(8)) {
        case 0:
        case 1:
        case 2: {
          const { begun, open } = takesOf(who.key)
          const joined = yield* Effect.exit(agent.ask.Join({ group: GROUP, who }, brief))
          const isAlone = open === 0 && takesOf(who.key).begun === begun
          if (Exit.isFailure(joined)) lost++
          else if (!joined.value && isAlone && !ended.has(who.key)) wrong = `${who.key} has joined and is no member`
          break
        }
        case 3:
          yield* Effect.exit(agent.ask.LetGo({ group: GROUP, who }, brief))
          break
        case 4:
          yield* taking(who.key, agent.ask.Leave({ group: GROUP, who }, brief))
          break
        case 5: {
          const exit = yield* Effect.exit(agent.ask.Publish({ group: GROUP, n: 0 }, brief))
          if (Exit.isSuccess(exit)) published = Math.max(published, exit.value)
          break
        }
        case 6:
          yield* Effect.exit(who.tell.Die())
          break
        default:
          if ((yield* Simulation.draw(4)) === 0) {
            ended.add(who.key)
            yield* Effect.forkScoped(Scope.close(life, Exit.void))
          } else yield* Effect.sleep(yield* Simulation.draw(100))
      }
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(3)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  yield* Effect.sleep("1 minute")

  const looks = [Effect.map(group.members, keysOf), ...agents.map((agent) => agent.ask.Members({ group: GROUP }))]
  const agreed = Effect.gen(function*() {
    const views = (yield* Effect.all(looks)).map((keys) => keys.join())
    if (new Set([...views, Array.from(seen).toSorted().join()]).size > 1) {
      return yield* Effect.die(new Error(`threads do not agree: ${views.join(" | ")}, seen ${Array.from(seen).join()}`))
    }
    return views[0]!
  })
  const left = yield* agreed
  for (const key of ended) {
    if (left.includes(key)) return yield* Effect.die(new Error(`${key} has ended and is a member`))
  }
  // Nothing is left of anybody.
  for (const { ref } of members) yield* group.leave(ref)
  yield* Effect.sleep("1 second")
  if ((yield* agreed) !== "") return yield* Effect.die(new Error("who was taken out is a member"))
  const { groups } = yield* ActorSystem.ActorSystem
  if (groups.size > 1) return yield* Effect.die(new Error(`${groups.size} entries are left of nobody`))

  // And all can be had again, each once.
  const living = members.filter(({ ref }) => !ended.has(ref.key)).map(({ ref }) => ref)
  for (const who of living) for (const agent of agents) yield* agent.ask.Join({ group: GROUP, who })
  yield* Effect.sleep("1 second")
  if ((yield* agreed) !== keysOf(living).join()) return yield* Effect.die(new Error("who has joined is no member"))
  for (const [i, agent] of agents.entries()) {
    const reached = yield* agent.ask.Publish({ group: GROUP, n: i + 1 })
    if (reached !== living.length) return yield* Effect.die(new Error(`${reached} of ${living.length} were reached`))
  }
  yield* Effect.sleep("1 second")
  for (const who of living) {
    const heard = (yield* who.ask.Heard()).filter((n) => n > 0).toSorted((a, b) => a - b).join()
    if (heard !== "1,2,3") return yield* Effect.die(new Error(`${who.key} has heard ${heard}`))
  }
  yield* Invariant.sometimes("a member ends", ended.size > 0)
  yield* Invariant.sometimes("an agent is lost", lost > 0)
  yield* Invariant.sometimes("several are told", published > 1)
  yield* Invariant.sometimes("somebody is left", left !== "")
})

export const groups: Scenario = {
  name: "groups",
  worker: () => ActorThread.launch(Behaviours),
  program: onThreads(2, setUp, program, Behaviours)
}
