/**
 * Handles of things that stay where they are: Pony's `tag`.
 *
 * A thing of one thread (a socket, a cache, a big object) is named by a tag, which travels in messages, comes back, and is compared. What it names is reached only
 * on the thread where it was made. It is kept until the scope of {@link make} closes, however many tags of it are about; who opens one after that is told.
 *
 * **Example** (A connection that is named elsewhere and used here)
 *
 * ```ts
 * import { Actor, Tag } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 * import * as Scope from "effect/Scope"
 *
 * class Connection {
 *   readonly sent: Array<string> = []
 * }
 * const ConnectionTag = Tag.of<Connection>("Connection")
 *
 * const Gateway = Actor.make("Gateway", [
 *   Rpc.make("Connect", { success: ConnectionTag }),
 *   Rpc.make("Send", { payload: { on: ConnectionTag, text: Schema.String }, error: Schema.Union([Tag.TagElsewhere, Tag.TagClosed]) })
 * ])
 *
 * const GatewayLive = Gateway.toLayer(Effect.gen(function*() {
 *   const scope = yield* Effect.scope
 *   return Gateway.of({
 *     Connect: () => Tag.make(ConnectionTag, new Connection()).pipe(Effect.provideService(Scope.Scope, scope)),
 *     Send: ({ on, text }) => Effect.map(Tag.open(on), ({ sent }) => void sent.push(text))
 *   })
 * }))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { textOf } from "../runtime/Text.ts"
import { type Piece, piece } from "../runtime/ThreadContext.ts"
import * as Carry from "../wire/Carry.ts"
import { Thread } from "../wire/kernel/ThreadCarriage.ts"
import { broadcastOf } from "./kernel/Broadcast.ts"
import { CurrentThread } from "./kernel/CurrentThread.ts"

const TypeId = "~shared-nothing/Tag"

/**
 * A handle of a `T` that lives on some thread.
 *
 * **Details** Two tags are equal (`Equal.equals`) when they name the same thing; on the thread where it was made they are the same object.
 */
export interface Tag<in out T> extends Equal.Equal {
  readonly [TypeId]: (_: T) => T
  /** What kind of thing it names. */
  readonly kind: string
}

/** How a tag lies in a message: 16 bytes. */
export interface Encoded {
  readonly home: number
  readonly number: number
  readonly kind: string
}

// Told apart by itself, so that two kinds of one name are not taken for each other where a thing is reached.
interface KindOf {
  readonly kind: string
}

const Made: unique symbol = Symbol("the kind of a schema of tags")

/** The schema of the tags of one kind of things. */
export interface Of<T> extends Carry.Of<Tag<T>, Encoded> {
  readonly kind: string
  readonly [Made]: KindOf
}

/**
 * A tag was opened on a thread where it was not made: on another one, also of another system, or on one that has taken the place of a thread that is gone.
 *
 * **Errors** Nothing was done. Send the tag back to where it came from, and have the thing used there.
 */
export class TagElsewhere
  extends Schema.TaggedError<TagElsewhere>("shared-nothing/thread/TagElsewhere")("TagElsewhere", {
    kind: Schema.String
  })
{
  override get message() {
    return `the ${this.kind} of this tag lives on another thread, or has gone with it: send the tag to where it was made`
  }
}

/**
 * A tag was opened whose thing is not kept any more: the scope in which the tag was made has closed.
 *
 * **Errors** Nothing was done. Make the tag in a scope that lasts longer, or ask for a new one.
 */
export class TagClosed extends Schema.TaggedError<TagClosed>("shared-nothing/thread/TagClosed")("TagClosed", {
  kind: Schema.String
}) {
  override get message() {
    return `the ${this.kind} of this tag is not kept any more: the scope in which the tag was made has closed`
  }
}

/** What the tags of a thread name. */
interface Home {
  /** No other thread has it, and no later one. */
  readonly number: number
  last: number
  readonly kept: Map<number, { readonly tag: Handle<unknown>; readonly thing: unknown }>
}

const homes: Piece<Home> = piece((thread) => ({ number: broadcastOf(thread).unique(), last: 0, kept: new Map() }))

class Handle<T> implements Tag<T> {
  declare readonly of: KindOf
  declare readonly home: number
  declare readonly number: number
  constructor(of: KindOf, home: number, number: number) {
    this.of = of
    this.home = home
    this.number = number
  }
  get [TypeId]() {
    return (thing: T) => thing
  }
  get kind(): string {
    return this.of.kind
  }
  [Equal.symbol](that: unknown): boolean {
    return that instanceof Handle && that.home === this.home && that.number === this.number
  }
  [Hash.symbol](): number {
    return Hash.number(this.number)
  }
  toString(): string {
    return `Tag(${this.kind}/${this.number})`
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString()
  }
  toJSON(): unknown {
    return { _id: "Tag", kind: this.kind, number: this.number }
  }
}

/**
 * Makes the schema of tags of one kind of things, by the name of that kind, which stands in texts and is part of the layout of messages.
 *
 * **Gotchas** Define it once, in the module that all threads import: a tag that was made of one schema is refused by another one where it comes home.
 */
export const of = <T>(kind: string): Of<T> => {
  const made: KindOf = { kind }
  // The kind takes no room.
  const Wire = Schema.Struct({ home: Schema.Number, number: Schema.Number, kind: Schema.Literal(kind) })
  const schema = Carry.schema<Handle<T>, typeof Wire>(Wire, `a Tag of a ${kind}`, {
    is: (value): value is Handle<T> => value instanceof Handle && value.of === made,
    encode: ({ home, number }) => ({ home, number, kind }),
    decode: ({ home, number }, { carriage }) => {
      const thread = carriage.get(Thread)
      const here = thread?.get(homes)
      const kept = here?.number === home ? here.kept.get(number)?.tag : undefined
      if (kept === undefined) return new Handle<T>(made, home, number)
      return kept.of === made ? kept as Handle<T> : new Carry.Unfit(`${textOf(kept)} is made of another schema`)
    },
    moves: false
  })
  return Object.assign(schema, { kind, [Made]: made }) as Schema.Schema<unknown> as Of<T>
}

/** Makes a tag of a thing of this thread, and keeps the thing until the scope closes. */
export const make = <T>(of: Of<T>, thing: T): Effect.Effect<Tag<T>, never, Scope.Scope> =>
  Effect.flatMap(CurrentThread, (thread) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const home = thread.get(homes)
        const tag = new Handle<T>(of[Made], home.number, ++home.last)
        home.kept.set(tag.number, { tag: tag as Handle<unknown>, thing })
        return tag
      }),
      ({ number }) => Effect.sync(() => void thread.get(homes).kept.delete(number))
    ))

/**
 * The thing that a tag names, on the thread where it was made.
 *
 * **Errors** `TagElsewhere`, `TagClosed`.
 */
export const open = <T>(tag: Tag<T>): Effect.Effect<T, TagElsewhere | TagClosed> =>
  Effect.flatMap(CurrentThread, (thread): Effect.Effect<T, TagElsewhere | TagClosed> => {
    const { home, kind, number } = tag as Handle<T>
    const here = thread.get(homes)
    if (here.number !== home) return Effect.fail(new TagElsewhere({ kind }))
    const kept = here.kept.get(number)
    return kept === undefined ? Effect.fail(new TagClosed({ kind })) : Effect.succeed(kept.thing as T)
  })

/** How many things this thread keeps for their tags. */
export const kept: Effect.Effect<number> = Effect.map(CurrentThread, (thread) => thread.get(homes).kept.size)

/** Whether a value is a tag. */
export const isTag = (u: unknown): u is Tag<unknown> => u instanceof Handle
