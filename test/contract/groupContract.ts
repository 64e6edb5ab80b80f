/** What every system promises about groups. Half of the members live on one thread, if there are several, and half on another; agents join from each. */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Actor, ActorSystem } from "shared-nothing"
import { Agent, Behaviours, keysOf, Member, Narrow, Self } from "../fixtures/groups.ts"
import { type ContractOptions, Serial } from "./actorContract.ts"
import { eventually } from "./eventually.ts"

const at = (thread: number) => ({ placement: { thread } }) as const

type Agents = ReadonlyArray<Actor.Ref<typeof Agent>>
type Ref = Actor.Ref<typeof Member>
type Heard = Pick<Ref, "key" | "ask">

export const groupContract = (name: string, options: ContractOptions): void => {
  const { live } = options
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  const stage = Effect.gen(function*() {
    const key = `g${++(yield* Serial).last}`
    const agents = yield* Effect.forEach([0, 1], (i) => Agent.spawn(`${key}-agent${i}`, at(i)))
    const members = yield* Effect.forEach([0, 1, 2], (i) => Member.spawn(`${key}-${i}`, at(i)))
    return { key, agents, members, group: Member.group(key) }
  })

  // It may have no room for a question, or be restarting.
  const heardBy = (member: Heard, length: number) =>
    Effect.map(
      eventually(
        Effect.exit(member.ask.Heard()),
        (exit) => Exit.isSuccess(exit) && exit.value.length >= length,
        `${member.key} has heard ${length} messages`
      ),
      Exit.getSuccess
    ).pipe(Effect.map(Option.getOrThrow))

  /** Waits until all threads see these members. */
  const allSee = (agents: Agents, group: string, keys: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const looks = [
        Effect.map(Member.group(group).members, keysOf),
        ...agents.map((agent) => agent.ask.Members({ group }))
      ]
      for (const look of looks) {
        yield* eventually(look, (seen) => seen.join() === keys.join(), `the members are ${keys.join(" and ")}`)
      }
    })

  suite(name, (it) => {
    it.effect("a group of nobody has no members, and publishing there reaches 0", () =>
      Effect.gen(function*() {
        const { agents, group, key } = yield* stage
        assert.deepStrictEqual(yield* group.publish.Said({ n: 1 }), { reached: 0, missed: [] })
        assert.deepStrictEqual(yield* group.members, [])
        for (const agent of agents) assert.strictEqual(yield* agent.ask.Publish({ group: key, n: 1 }), 0)
      }))

    it.effect("who has joined is there at once for its own thread, and soon for all; each member is told once, from wherever", () =>
      Effect.gen(function*() {
        const { agents, group, key, members } = yield* stage
        const [a, b, c] = members as [Ref, Ref, Ref]
        yield* group.join(a)
        assert.deepStrictEqual(keysOf(yield* group.members), [a.key])
        assert.strictEqual((yield* group.publish.Said({ n: 1 })).reached, 1)
        assert.isTrue(yield* agents[0]!.ask.Join({ group: key, who: b }))
        assert.isTrue(yield* agents[1]!.ask.Join({ group: key, who: b }))
        assert.isTrue(yield* agents[1]!.ask.Join({ group: key, who: c }))
        yield* allSee(agents, key, keysOf(members))
        assert.strictEqual((yield* group.publish.Said({ n: 2 })).reached, 3)
        for (const agent of agents) assert.strictEqual(yield* agent.ask.Publish({ group: key, n: 3 }), 3)
        assert.deepStrictEqual(yield* heardBy(a, 4), [1, 2, 3, 3])
        assert.deepStrictEqual(yield* heardBy(b, 3), [2, 3, 3])
        assert.deepStrictEqual(yield* heardBy(c, 3), [2, 3, 3])
        // Each lives somewhere, and somewhere only.
        const here = live ? yield* Effect.forEach(agents, (agent) => agent.ask.Here({ group: key })) : []
        if (live) assert.deepStrictEqual(here, [[a.key, c.key], [b.key]])
        else assert.deepStrictEqual(keysOf(yield* group.membersHere), keysOf(members))
      }))

    it.effect("a member stays as long as one scope holds it, and goes with the last, or when it is told to leave", () =>
      Effect.gen(function*() {
        const { agents, group, key, members: [a, b, c] } = yield* stage
        const held = yield* Scope.make()
        yield* Scope.provide(group.join(a!), held)
        yield* Scope.provide(group.join(a!), held)
        yield* agents[0]!.ask.Join({ group: key, who: a! })
        yield* agents[1]!.ask.Join({ group: key, who: b! })
        yield* allSee(agents, key, [a!.key, b!.key])
        yield* Scope.close(held, Exit.void)
        yield* agents[0]!.ask.Publish({ group: key, n: 1 })
        yield* allSee(agents, key, [a!.key, b!.key])
        yield* agents[0]!.ask.LetGo({ group: key, who: a! })
        yield* allSee(agents, key, [b!.key])
        // Whoever holds it, on whatever thread.
        yield* group.join(b!)
        yield* group.join(c!)
        yield* allSee(agents, key, [b!.key, c!.key])
        yield* agents[0]!.ask.Join({ group: key, who: b! })
        yield* agents[0]!.ask.Leave({ group: key, who: b! })
        yield* allSee(agents, key, [c!.key])
        // What held it has nothing more to give up.
        yield* agents[1]!.ask.LetGo({ group: key, who: b! })
        yield* group.leave(b!)
        yield* group.join(b!)
        yield* allSee(agents, key, [b!.key, c!.key])
      }))

    it.effect("a restart is no end of a membership, and the end of the member is", () =>
      Effect.gen(function*() {
        const { agents, group, key, members: [a] } = yield* stage
        const life = yield* Scope.make()
        const mortal = yield* Scope.provide(Member.spawn(`${key}-mortal`, at(1)), life)
        yield* group.join(a!)
        yield* agents[0]!.ask.Join({ group: key, who: mortal })
        yield* allSee(agents, key, keysOf([a!, mortal]))
        yield* a!.tell.Die()
        yield* mortal.tell.Die()
        assert.strictEqual((yield* group.publish.Said({ n: 1 })).reached, 2)
        assert.deepStrictEqual(yield* heardBy(a!, 1), [1])
        yield* Scope.close(life, Exit.void)
        yield* allSee(agents, key, [a!.key])
        // Neither has one that has ended before.
        yield* group.join(mortal)
        yield* allSee(agents, key, [a!.key])
      }))

    it.effect("who joins while it is built is a member with each of its incarnations", () =>
      Effect.gen(function*() {
        const { key } = yield* stage
        const self = yield* Self.spawn(key, at(1))
        const group = Self.group("self")
        const isThere = Effect.map(group.members, keysOf)
        yield* eventually(isThere, (keys) => keys.includes(key), "it has joined")
        yield* self.tell.Die()
        yield* eventually(Effect.exit(self.ask.Heard()), Exit.isSuccess, "it has come back")
        yield* eventually(isThere, (keys) => keys.includes(key), "it has joined again")
        yield* eventually(
          group.publish.Said({ n: 1 }).pipe(Effect.andThen(self.ask.Heard())),
          (heard) => heard.includes(1),
          "it is told"
        )
      }))

    it.effect("who looks sees who is there, and then each who comes and goes, once", () =>
      Effect.gen(function*() {
        const { agents, group, key, members: [a, b] } = yield* stage
        yield* group.join(a!)
        const seen: Array<string> = []
        yield* Effect.forkScoped(
          Stream.runForEach(group.monitor, ({ _tag, ref }) => Effect.sync(() => seen.push(`${_tag} ${ref.key}`)))
        )
        const sees = (...lines: ReadonlyArray<string>) =>
          eventually(Effect.sync(() => seen.join()), (all) => all === lines.join(), `it has seen ${lines.join(", ")}`)
        const lines = [`Joined ${a!.key}`]
        yield* sees(...lines)
        yield* agents[0]!.ask.Join({ group: key, who: b! })
        yield* sees(...lines, `Joined ${b!.key}`)
        // Who leaves takes out what it has heard of.
        yield* allSee(agents, key, keysOf([a!, b!]))
        yield* agents[1]!.ask.Join({ group: key, who: b! })
        yield* agents[0]!.ask.Join({ group: key, who: a! })
        yield* agents[1]!.ask.Leave({ group: key, who: b! })
        yield* sees(...lines, `Joined ${b!.key}`, `Left ${b!.key}`)
      }))

    it.effect("who cannot take a message is named, with the reason, and the others have it", () =>
      Effect.gen(function*() {
        const { key } = yield* stage
        const group = Narrow.group(key)
        const busy = yield* Narrow.spawn(`${key}-busy`, at(0))
        const free = yield* Narrow.spawn(`${key}-free`, at(1))
        yield* Effect.forEach([busy, free], group.join)
        yield* busy.tell.Work()
        yield* eventually(
          Effect.sync(() => busy.tellUnsafe.Said({ n: 0 })),
          (taken) => taken,
          "it is at work, and more waits"
        )
        yield* eventually(Effect.sync(() => busy.tellUnsafe.Said({ n: 0 })), (taken) => !taken, "it has no room")
        const { missed, reached } = yield* group.publish.Said({ n: 1 })
        assert.strictEqual(reached, 1)
        assert.deepStrictEqual(missed.map(({ ref }) => ref.key), [busy.key])
        assert.deepInclude(missed[0]!.error, { _tag: "MailboxFull", undelivered: { tag: "Said", payload: { n: 1 } } })
        assert.deepStrictEqual(yield* heardBy(free, 1), [1])
      }))

    it.effect("a message that breaks its schema reaches nobody", () =>
      Effect.gen(function*() {
        const { group, members } = yield* stage
        yield* Effect.forEach(members, group.join)
        const error = yield* Effect.flip(group.publish.Said({ n: 0.5 }))
        assert.deepInclude(error, { _tag: "InvalidPayload", undelivered: { tag: "Said", payload: { n: 0.5 } } })
        assert.match(error.message, /the group Member\/g\d+ breaks its schema/)
        yield* group.publish.Said({ n: 1 })
        for (const member of members) assert.deepStrictEqual(yield* heardBy(member, 1), [1])
      }))

    it.effect("only an actor of this system and of its definition can be a member", () =>
      Effect.gen(function*() {
        const { agents, group } = yield* stage
        const elsewhere = yield* Layer.build(Layer.fresh(Behaviours.pipe(Layer.provideMerge(ActorSystem.layer))))
        const stranger = yield* Effect.provideContext(Member.spawn("stranger"), elsewhere)
        for (const use of [group.join, group.leave]) {
          assert.include(String(yield* Effect.exit(use(stranger))), "expected one of this system")
        }
        const wrong = [agents[0], undefined, { key: "a" }] as ReadonlyArray<unknown> as ReadonlyArray<never>
        for (const ref of wrong) {
          const exit = yield* Effect.exit(group.join(ref))
          assert.include(String(exit), "expected a reference to a Member")
        }
      }))
  })
}
