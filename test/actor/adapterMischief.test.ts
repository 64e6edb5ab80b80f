/** The worst that can be done with adapters: mappings that throw, re-enter and end their own actor, circles of them, and ten thousand who hold one of an actor that crashes. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { runInNewContext } from "node:vm"
import { Actor, ActorControl, ActorSystem } from "shared-nothing"
import { eventually, settle } from "../contract/eventually.ts"

const Sound = Actor.make("Sound", [
  Rpc.make("Heard", { payload: { n: Schema.Int } }),
  Rpc.make("Asked", { payload: { n: Schema.Int }, success: Schema.Int })
])

type Sound = Actor.Ref<typeof Sound>

const Ear = Actor.make("Ear", [
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  Rpc.make("Answer", { payload: { n: Schema.Int }, success: Schema.Int }),
  Rpc.make("Make", { success: Sound.ref }),
  Rpc.make("Wait"),
  Rpc.make("Crash"),
  Rpc.make("Noted", { success: Schema.Array(Schema.Int) })
])

type Ear = Actor.Ref<typeof Ear>

/** What a mapping does with a payload; the last reference that was made. */
interface Stage {
  map: (n: number, self: Ear) => unknown
  made: Sound | undefined
  readonly gate: Deferred.Deferred<void>
  /** Told of each message that is noted. */
  onNote: (n: number) => Effect.Effect<void>
}

const staged = <E>(
  test: (stage: Stage, ear: Ear) => Effect.Effect<void, E, Scope.Scope | ActorSystem.ActorSystem>,
  options: Actor.BehaviourOptions = {}
) =>
  Effect.suspend(() => {
    const stage: Stage = {
      map: (n) => ({ n }),
      made: undefined,
      gate: Deferred.makeUnsafe(),
      onNote: () => Effect.void
    }
    const live = Ear.toLayer(
      Effect.gen(function*() {
        const adapter = yield* Ear.adapter
        const self = yield* Ear.self
        const noted: Array<number> = []
        const payload = ({ n }: { readonly n: number }) => stage.map(n, self) as { readonly n: number }
        const make = Effect.map(
          adapter(Sound, { Heard: { Note: payload }, Asked: { Answer: payload } }),
          (made) => stage.made = made
        )
        return Ear.of({
          Note: ({ n }) => {
            noted.push(n)
            return stage.onNote(n)
          },
          Answer: ({ n }) => Effect.succeed(n),
          Make: () => make,
          Wait: () => Deferred.await(stage.gate),
          Crash: () => Effect.die("a crash"),
          Noted: () => Effect.succeed(noted)
        })
      }),
      { supervision: { intensity: { restarts: 1000, within: "1 minute" } }, ...options }
    ).pipe(Layer.provideMerge(ActorSystem.layer))
    return Effect.gen(function*() {
      const ear = yield* Ear.spawn("a")
      yield* test(stage, ear)
      yield* settle
      const { status, waiting } = yield* ActorControl.ping(ear)
      assert.deepStrictEqual([status, waiting], ["idle", 0])
    }).pipe(Effect.scoped, Effect.provide(live))
  })

describe("a mapping", () => {
  const nonsense: Record<string, (n: number, self: Ear) => unknown> = {
    "throws": () => {
      throw new Error("no")
    },
    "throws what has no text": () => {
      throw Object.assign(new Error(), { message: Symbol("no"), toString: undefined })
    },
    "answers nothing": () => undefined,
    "answers null": () => null,
    "answers a promise": (n) => Promise.resolve({ n }),
    "answers an effect": (n) => Effect.succeed({ n }),
    "answers what throws when it is looked at": () => ({
      get n(): number {
        throw new Error("no")
      }
    }),
    "answers another type": () => ({ n: "1" }),
    "kills its own actor with a proxy": () => new Proxy({}, {})
  }
  for (const [what, map] of Object.entries(nonsense)) {
    it.effect(`that ${what} is a crash of its actor, and of nobody else`, () =>
      staged(Effect.fnUntraced(function*(stage, ear) {
        for (const send of ["tell", "ask"] as const) {
          const sound = yield* ear.ask.Make()
          stage.map = map
          if (send === "tell") yield* sound.tell.Heard({ n: 1 })
          else assert.isTrue(Exit.isFailure(yield* Effect.exit(sound.ask.Asked({ n: 1 }))))
          yield* settle
          stage.map = (n) => ({ n })
          const again = yield* Effect.flip(sound.tell.Heard({ n: 2 }))
          assert.strictEqual(again._tag, "ActorStopped")
          assert.strictEqual(yield* (yield* ear.ask.Make()).ask.Asked({ n: 3 }), 3)
        }
      })))
  }

  it.effect("of another realm, or without a prototype, is one", () =>
    staged(Effect.fnUntraced(function*(stage, ear) {
      const sound = yield* ear.ask.Make()
      stage.map = (n) => Object.assign(Object.create(null), { n })
      yield* sound.tell.Heard({ n: 1 })
      stage.map = (n) => runInNewContext(`({ n: ${n} })`) as unknown
      yield* sound.tell.Heard({ n: 2 })
      assert.deepStrictEqual(yield* ear.ask.Noted(), [1, 2])
    })))

  it.effect("that tells by its own adapter, and asks it, comes behind itself", () =>
    staged(Effect.fnUntraced(function*(stage, ear) {
      const sound = yield* ear.ask.Make()
      const replies: Array<unknown> = []
      stage.map = (n) => {
        if (n < 3) {
          sound.tellUnsafe.Heard({ n: n + 1 })
          sound.askUnsafe.Asked({ n: 10 + n }, (exit) => replies.push(exit))
        }
        return { n }
      }
      yield* sound.tell.Heard({ n: 0 })
      yield* settle
      assert.deepStrictEqual(yield* ear.ask.Noted(), [0, 1, 2, 3])
      assert.deepStrictEqual(replies, [10, 11, 12].map((n) => Exit.succeed(n)))
    })))

  it.effect("that crashes, makes and closes what it comes by settles each ask once", () =>
    staged(Effect.fnUntraced(function*(stage, ear) {
      const outcomes: Array<string> = []
      const sound = yield* ear.ask.Make()
      stage.map = (n, self) => {
        if (n === 1) self.tellUnsafe.Crash()
        return { n }
      }
      yield* ear.tell.Wait()
      yield* settle
      for (const n of [0, 1, 2, 3]) sound.askUnsafe.Asked({ n }, (exit) => outcomes.push(exit._tag))
      yield* Deferred.done(stage.gate, Exit.void)
      yield* settle
      assert.strictEqual(outcomes.length, 4)
      assert.deepStrictEqual(outcomes.slice(0, 2), ["Success", "Success"])
    })))
})

describe("an adapter", () => {
  it.effect("in a circle of three goes round, and is as free of the stack as any other", () =>
    staged(Effect.fnUntraced(function*(stage, ear) {
      const ears = [ear, yield* Ear.spawn("b"), yield* Ear.spawn("c")]
      const sounds = yield* Effect.forEach(ears, (one) => one.ask.Make())
      stage.onNote = (n) => n < 5000 ? Effect.orDie(sounds[(n + 1) % 3]!.tell.Heard({ n: n + 1 })) : Effect.void
      yield* sounds[0]!.tell.Heard({ n: 0 })
      yield* settle
      let all = 0
      for (let turns = 0; turns < 1000 && all < 5001; turns++) {
        yield* settle
        all = (yield* Effect.forEach(ears, (one) => one.ask.Noted())).flat().length
      }
      assert.strictEqual(all, 5001)
    })))

  it.effect("that ten thousand hold is refused to each of them after a crash, and what waits is handled", () =>
    staged(
      Effect.fnUntraced(function*(stage, ear) {
        const sound = yield* ear.ask.Make()
        yield* ear.tell.Wait()
        yield* settle
        yield* Effect.forEach(
          Array.from({ length: 10_000 }, (_, n) => n),
          (n) => sound.tell.Heard({ n }),
          { discard: true }
        )
        yield* ear.tell.Crash()
        yield* Deferred.done(stage.gate, Exit.void)
        yield* eventually(ActorControl.ping(ear), ({ restarts, waiting }) =>
          restarts === 1 && waiting === 0, "it crashed")
        const refusals = yield* Effect.forEach(
          Array.from({ length: 10_000 }, (_, n) =>
            n),
          (n) =>
            Effect.flip(n % 2 === 0 ? sound.tell.Heard({ n }) : sound.ask.Asked({ n }))
        )
        assert.isTrue(refusals.every(({ _tag }) => _tag === "ActorStopped"))
      }),
      { mailbox: { capacity: "unbounded" } }
    ))

  it.effect("of an actor that ends, again and again, leaves nothing at those who watch it", () =>
    staged(Effect.fnUntraced(function*(_, ear) {
      for (let n = 0; n < 200; n++) {
        const life = yield* Scope.make()
        const other = yield* Scope.provide(Ear.spawn("b"), life)
        const sounds = [yield* other.ask.Make(), yield* other.ask.Make()]
        yield* sounds[0]!.tell.Heard({ n })
        yield* Scope.close(life, Exit.void)
        for (const sound of sounds) {
          assert.strictEqual((yield* Effect.flip(sound.tell.Heard({ n })))._tag, "ActorStopped")
        }
      }
      assert.deepStrictEqual(yield* ear.ask.Noted(), [])
    })))
})
