/**
 * How a stream that answers a message goes through a pool: in batches, each of which is the reply of a job.
 *
 * ```text
 *  Rows(payload)  ─► any worker: makes the stream, and answers with its first element
 *  next(id, most) ─► that worker: as much as there is, once there is something        … until a batch says how the stream has ended
 *  close(id)      ─► that worker: nobody reads it any more
 * ```
 *
 * So whatever is promised of jobs holds for each batch: deadlines, interruption, deaths of workers, and that the reader alone decides how far it is read ahead.
 * The messages `next`, one for each that is answered with a stream, and `close` stand behind those of the protocol.
 */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { NORMAL } from "../../actor/kernel/Ageing.ts"
import { compileMessage, MAX_MESSAGES, type Message, type Protocol } from "../../actor/kernel/Protocol.ts"
import { Region } from "../../memory/Region.ts"

/** More is to come. */
export const MORE = 0
/** The stream has come to its end. */
export const DONE = 1
/** It has failed with its declared error, which follows. */
export const FAILED = 2
/** It has ended with the cause that follows. */
export const CAUSE = 3
/** Its next element cannot be sent, because of what follows. */
export const SPOILT = 4
/** The incarnation has gone that it was of. */
export const RESTARTED = 5
/** Nobody has read it for too long. */
export const UNREAD = 6
/** The worker does not have it: its thread is not the one that did. */
export const UNKNOWN = 7

/** A part of a stream. */
export interface Batch {
  /** By what its worker knows the stream; no other one of the pool has it, before or after a restart. */
  readonly id: number
  /** The place of that worker. */
  readonly place: number
  /** Elements, as {@link pack} puts them together. */
  readonly elements: Uint8Array
  /** How it has ended, behind these. */
  readonly how: number
  /** With what, encoded. */
  readonly end: Uint8Array
}

const BatchSchema = Schema.Struct({
  id: Schema.Number,
  place: Schema.Int,
  elements: Schema.Uint8Array,
  how: Schema.Int,
  end: Schema.Uint8Array
})

/** What is asked for. */
export interface Next {
  readonly id: number
  /** How many elements at most. */
  readonly most: number
}

const NextSchema = Schema.Struct({ id: Schema.Number, most: Schema.Int })
const CloseSchema = Schema.Struct({ id: Schema.Number })

/** A protocol as a pool has it. */
export interface Hosted extends Protocol {
  /** By the index of a message that is answered with a stream: the message that asks for the next batch. */
  readonly nexts: ReadonlyMap<number, number>
  /** The index of the message that says that nobody reads on; -1 where there are no streams. */
  readonly close: number
}

/** Whether there are too many messages in a protocol with streams. */
export const isTooLarge = ({ messages }: Protocol): boolean => {
  const streams = messages.filter(({ isStream }) => isStream).length
  return streams > 0 && messages.length + streams + 1 > MAX_MESSAGES
}

// A definition has its schemas, which the type of any does not say.
const compiled = (name: string, rpc: Rpc.Any, index: number): Message =>
  compileMessage(name, rpc as unknown as Rpc.AnyWithProps, index)

/** The messages of a protocol as jobs; the same where none is answered with a stream. */
export const hosted = (protocol: Protocol): Hosted => {
  const { levels, messages, name, tags } = protocol
  const streamed = messages.filter(({ isStream }) => isStream)
  if (streamed.length === 0) return { ...protocol, nexts: new Map(), close: -1 }
  const first = messages.length
  const close = first + streamed.length
  const jobs = messages.map((message) => {
    if (!message.isStream) return message
    const { annotations, index, payloadSchema, tag } = message
    const rpc = Rpc.make(tag, { payload: payloadSchema, success: BatchSchema }).annotateMerge(annotations)
    return compiled(name, rpc, index)
  })
  const nexts = streamed.map(({ tag }, i) =>
    compiled(name, Rpc.make(tag, { payload: NextSchema, success: BatchSchema }), first + i)
  )
  const levelOf = (index: number) => levels === undefined ? NORMAL : levels[index]!
  return {
    ...protocol,
    messages: [...jobs, ...nexts, compiled(name, Rpc.make("close", { payload: CloseSchema }), close)],
    // No message of a user has such a tag by chance: these are looked up among the handlers.
    tags: [...tags, ...streamed.map(({ tag }) => nextOf(tag)), CLOSE],
    levels: levels === undefined
      ? undefined
      : Uint8Array.from([...levels, ...streamed.map(({ index }) => levelOf(index)), NORMAL]),
    nexts: new Map(streamed.map(({ index }, i) => [index, first + i])),
    close
  }
}

/** Under what the handler of `next` stands. */
export const nextOf = (tag: string): string => `~shared-nothing/pool/next/${tag}`
/** Under what that of `close` stands. */
export const CLOSE = "~shared-nothing/pool/close"

const HEADER_BYTES = 8

const padded = (bytes: number): number => (bytes + 7) & -8

/** Puts encoded elements one behind the other: length, element, up to the next multiple of 8. */
export const pack = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + HEADER_BYTES + padded(length), 0))
  const lengths = new DataView(all.buffer)
  let at = 0
  for (const part of parts) {
    lengths.setUint32(at, part.length, true)
    all.set(part, at + HEADER_BYTES)
    at += HEADER_BYTES + padded(part.length)
  }
  return all
}

/** Shows each element where it lies. */
export const unpack = (elements: Uint8Array, each: (region: Region, offset: number, end: number) => void): void => {
  // A buffer of its own, which begins where elements have to.
  const { buffer, byteLength } = elements.slice()
  const region = new Region(buffer)
  const lengths = new DataView(buffer)
  for (let at = 0; at < byteLength;) {
    const length = lengths.getUint32(at, true)
    at += HEADER_BYTES
    each(region, at, at + length)
    at += padded(length)
  }
}
