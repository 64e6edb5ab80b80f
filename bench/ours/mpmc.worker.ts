/**
 * The ends of the ring of many writers and many readers.
 */
import { isMainThread } from "node:worker_threads"
import { MpmcReader, MpmcWriter } from "../../src/memory/MpmcRing.ts"
import { type Part, serve } from "../runner/Threads.ts"

/** What a thread does with the ring. */
type Play = "write" | "read" | "both"

const write = (writer: MpmcWriter, id: number): void => {
  const { f64, u32 } = writer.region
  let offset = writer.claim(16)
  while (offset < 0) offset = writer.claim(16)
  const cell = offset >> 2
  u32[cell] = id
  u32[cell + 1] = 7
  f64[(offset >> 3) + 1] = 1.5
  writer.commit(16, 0)
}

const read = (reader: MpmcReader): number => {
  const { f64, u32 } = reader.region
  let offset = reader.next()
  while (offset < 0) offset = reader.next()
  const cell = offset >> 2
  const sum = u32[cell]! + u32[cell + 1]! + f64[(offset >> 3) + 1]!
  reader.release()
  return sum
}

/** The part of one thread. */
export const playing = (ring: SharedArrayBuffer, owner: number, play: Play): Part => {
  const writer = new MpmcWriter(ring, owner)
  const reader = new MpmcReader(ring, owner)
  return (count) => {
    let checksum = 0
    if (play === "write") {
      for (let id = 0; id < count; id++) write(writer, id)
      return [0, 0]
    }
    if (play === "read") { for (let left = count; left > 0; left--) checksum += read(reader) }
    else {
      for (let id = 0; id < count; id++) {
        write(writer, id)
        checksum += read(reader)
      }
    }
    return [count, checksum]
  }
}

if (!isMainThread) {
  serve(({ parts, ring }: { readonly ring: SharedArrayBuffer; readonly parts: ReadonlyArray<Play> }, part) =>
    playing(ring, part + 1, parts[part]!)
  )
}
