/**
 * What is done around the sends of a thread: by the definition that is sent to, the outermost first.
 *
 * A reference is made with what is around it at that moment, or with nothing: a send never looks here.
 */
import type * as Effect from "effect/Effect"
import type { SendRefused } from "../ActorError.ts"
import type { Protocol } from "./Protocol.ts"

/** What is about to be sent. */
export interface Sending {
  /** For whom it is: `Account/ada`. */
  readonly actor: string
  /** Whether somebody waits for the answer. */
  readonly kind: "tell" | "ask"
  /** The tag of the message. */
  readonly tag: string
  /** As the sender has given it. */
  readonly payload: unknown
}

/** What is done around a send: answers with an effect in place of `next`, which sends. */
export type AroundSend = <A, E>(sending: Sending, next: Effect.Effect<A, E>) => Effect.Effect<A, E | SendRefused>

/** See the module. */
export class Sends {
  readonly #around = new Map<string, ReadonlyArray<AroundSend>>()

  /** What is around references of a definition that are made now. */
  of({ name }: Pick<Protocol, "name">): ReadonlyArray<AroundSend> | undefined {
    return this.#around.get(name)
  }

  /** Puts one inside of those that are there, for references that are made from now on until what this answers is called. */
  add(name: string, around: AroundSend): () => void {
    // Each time another one, so that one that is there twice goes once.
    const added: AroundSend = (sending, next) => around(sending, next)
    this.#around.set(name, [...this.#around.get(name) ?? [], added])
    return () => {
      const left = (this.#around.get(name) ?? []).filter((other) => other !== added)
      if (left.length === 0) this.#around.delete(name)
      else this.#around.set(name, left)
    }
  }
}
