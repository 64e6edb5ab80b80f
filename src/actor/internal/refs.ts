/**
 * References to the actors of a definition, each with what is around sends where it is made.
 */
import { type Any, type RefClass, refClass } from "../ActorRef.ts"
import type { Protocol } from "../kernel/Protocol.ts"
import type { Recipient } from "../kernel/Recipient.ts"
import type { Sends } from "../kernel/Sends.ts"
import { intercept } from "./intercepted.ts"

/** Makes a reference. */
export type ToRef<Ref> = (recipient: Recipient, sends?: Sends) => Ref

// By what is compiled of a definition, which every thread has for itself.
const made = new WeakMap<Protocol, RefClass>()

/** How references that speak a protocol are made. What is around the sends of one is looked for once, when it is made. */
export const refsOf = <Ref extends Any>(protocol: Protocol): ToRef<Ref> => {
  const Reference = made.get(protocol) ?? refClass(protocol)
  made.set(protocol, Reference)
  return (recipient, sends) => {
    const ref = new Reference(recipient)
    const around = sends?.of(protocol)
    // Which messages it takes is known to the definition alone.
    return (around === undefined ? ref : intercept(ref, around)) as Ref
  }
}
